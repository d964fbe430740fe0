// Puts the certificate of a chosen file into the field that it could be pasted into. The file itself is not sent.
"use strict";

const MOST = 32768;

function pem(bytes) {
  // One character a byte: browsers' "latin1" is another encoding, which btoa refuses.
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  if (text.includes("-----BEGIN")) return text;
  const base64 = btoa(text).replace(/(.{64})/g, "$1\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

for (const place of document.querySelectorAll("[data-certificate-file]")) {
  const field = document.getElementById(place.dataset.certificateFile);
  const chooser = place.querySelector("input");
  place.hidden = false;
  chooser.addEventListener("change", async () => {
    const [file] = chooser.files;
    if (!file) return;
    const text = file.size > MOST ? "" : pem(await file.arrayBuffer());
    // A file that holds a private key as well is not sent whole: the certificate's blocks are what is needed.
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
    field.value = blocks ? `${blocks.join("\n")}\n` : "";
  });
}
