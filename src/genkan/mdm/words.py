"""Owns what is said of the wrapping that an MDM puts around the value: severity, problem and fix, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from genkan.wire.managed_words import ALL, Severity

WRAPPINGS: Mapping[str, tuple[Severity, str, str]] = MappingProxyType(
    {
        "file-too-large": (
            "error",
            "The file is larger than %(most)s octets.",
            "Check that this is the right file.",
        ),
        "code-fence": (
            "error",
            "The marks of a code block (```) were copied along.",
            "Copy what stands between them.",
        ),
        "cdata": (
            "error",
            "The value is wrapped in <![CDATA[ … ]]>, which only XML understands.",
            "Write the JSON array alone; inside XML the file itself says how text is escaped.",
        ),
        "escaped-document": (
            "error",
            "The file is XML whose angle brackets are written as &lt; and &gt;, as a web page shows it.",
            "Copy the source, not what a page shows of it: it begins with <.",
        ),
        "base64": (
            "warning",
            "The file is Base64 with the configuration in it, as an interface for programs carries it.",
            "A console takes the text itself.",
        ),
        "document-in-string": (
            "error",
            "The file is a JSON string with the configuration in it: it was encoded twice.",
            "Remove the outer quotes and the backslashes.",
        ),
        "entities": (
            "error",
            "The XML declares entities or a document type of its own, which no configuration needs.",
            "Remove the declarations between [ and ] in the line <!DOCTYPE …>.",
        ),
        "xml-deep": (
            "error",
            "The XML has more elements, or deeper ones, than any configuration.",
            "Check that this is the right file.",
        ),
        "xml-broken": (
            "error",
            "The file is no well-formed XML (%(why)s).",
            "Build it again, or let a console write it; text in XML is escaped: &amp; for &, &lt; for <.",
        ),
        "xml-second": (
            "error",
            "Something stands behind the end of the XML (%(why)s): a second <dict>, or other text.",
            "Keep one document; the entries of all sites belong into its one array.",
        ),
        "ampersand": (
            "error",
            "The file is no well-formed XML: an & or < in text is not escaped (%(why)s).",
            "Write &amp; for &, and &lt; for <.",
        ),
        "xml-encoding": (
            "error",
            "The XML says that its encoding is “%(written)s”, and it is UTF-8.",
            'Write encoding="UTF-8" in the first line, or save the file in the encoding that it names.',
        ),
        "plist-markup": (
            "error",
            "%(tag)s stands inside %(inside)s, where text alone belongs (%(at)s).",
            "Remove it, or write &lt; for < where it is part of the text.",
        ),
        "plist-text": (
            "error",
            "Text (“%(written)s”) stands between the elements of the %(tag)s at %(at)s.",
            "Remove it: every text of a property list is inside <key> or <string>.",
        ),
        "plist-pairs": (
            "error",
            "In a <dict> one value follows each <key>, and the %(tag)s at %(at)s is out of turn.",
            "Write the missing <key> or value, or remove what is too many.",
        ),
        "plist-element": (
            "error",
            "%(tag)s is no element of a property list (%(at)s).",
            "Write one of <string>, <integer>, <real>, <true/>, <false/>, <date>, <data>, <array>, <dict>.",
        ),
        "plist-value": (
            "error",
            "The %(tag)s at %(at)s does not hold what it is for.",
            "Correct the value, or write it as <string>.",
        ),
        "plist-reference": (
            "warning",
            "A character is written by its number (“%(written)s”), which not every parser reads in every place.",
            "Write the character itself.",
        ),
        "readers-differ": (
            "error",
            "Another reader of property lists does not find the same in this one.",
            "Build it again: genkan mdm build writes the right one for your MDM.",
        ),
        "no-dict": (
            "error",
            "The <dict> around <key> and <string> is missing.",
            "Copy the <dict> and </dict> lines too.",
        ),
        "xml-unknown": (
            "error",
            "The XML is none that an MDM takes for this app (its first element is %(tag)s).",
            "Build it again: genkan mdm build writes the right one for your MDM.",
        ),
        "signed": (
            "error",
            "The profile is signed or encrypted, so it cannot be read through.",
            "Check the profile as it was before it was signed.",
        ),
        "binary-broken": (
            "error",
            "The binary property list cannot be read.",
            "Save it as XML, and check that.",
        ),
        "no-sites-key": (
            "error",
            "There is no key `sites` in the configuration.",
            "Add the key `sites`, of type String, with the JSON array as its value.",
        ),
        "sites-misspelt": (
            "error",
            "The key is “%(key)s”, which phones do not read.",
            "Write “sites”, in small letters.",
        ),
        "sites-character": (
            "error",
            "The key is “sites” with %(odd)s as character %(at)s, and so another key, which phones do not read.",
            "Write “sites” without it.",
        ),
        "sites-type": (
            "error",
            "`sites` is of type %(kind)s, where a String with the JSON array in it belongs.",
            "Give it the type String, and the array as its text.",
        ),
        "row-type": (
            "error",
            "The type of `sites` is “%(type)s”.",
            "Choose the type String.",
        ),
        "several-values": (
            "warning",
            "The file holds more than one value of `sites`; only the first was checked.",
            "Check each in a file of its own.",
        ),
        "wrapper": (
            "error",
            "The settings are inside a key `configuration`, as in Apple’s own example; devices pass over that.",
            "Put the keys at the top of the property list.",
        ),
        "sites-nested": (
            "error",
            "`sites` is inside another key (its <dict> is at %(at)s), where phones do not look.",
            "Put it at the top of the property list.",
        ),
        "profile-for-macs": (
            "error",
            "This is a configuration profile; iPhones and iPads take app configuration from an MDM only.",
            "Give it to the MDM as app configuration; for a Mac it is right, and --for mobileconfig checks it as such.",
        ),
        "beside-sites": (
            "ignored",
            "“%(key)s” stands beside `sites`, where phones do not look.",
            'Write it inside the array: [{"%(key)s": …}].',
        ),
        "key-secret": (
            "error",
            "“%(key)s” is a secret, and everybody who has the configuration or a phone can read it.",
            "Remove it, and replace the secret on the site: the app needs the client id only.",
        ),
        "cloud-policy": (
            "warning",
            "“%(key)s” is documented for Atlassian’s cloud apps; nothing says that the Data Center app reads it.",
            "Try it on one phone before you rely on it.",
        ),
        "other-app": (
            "warning",
            "The configuration is for the app “%(written)s”.",
            "The app’s package is %(package)s.",
        ),
        "resource-escapes": (
            "error",
            "A backslash in an Android resource escapes what follows it, so the app gets the value without it.",
            "Write each backslash twice.",
        ),
        "form-value": (
            "error",
            "%(mdm)s takes the JSON array alone, and this file has another form.",
            "Give it what stands behind “sites”: the array, from [ to ].",
        ),
        "form-rows": (
            "error",
            "%(mdm)s takes key, type and value in cells, and this file has another form.",
            "Write the key sites, the type String, and for the value the array alone, from [ to ].",
        ),
        "form-dict": (
            "error",
            "%(mdm)s takes the <dict> alone, and this file has another form.",
            "Give it the lines from <dict> to </dict>, without <?xml …> and <plist>.",
        ),
        "form-plist": (
            "error",
            "%(mdm)s takes a whole property list in XML, and this file has another form.",
            "Write the lines <?xml …>, <!DOCTYPE …> and <plist> before the <dict>, and </plist> behind it.",
        ),
        "form-android": (
            "error",
            "%(mdm)s takes Android’s managed configuration in JSON, and this file has another form.",
            "Write a document with the list managedProperty; genkan mdm build does.",
        ),
        "form-profile": (
            "error",
            "A Mac takes the value in a configuration profile, and this file has another form.",
            "Build the profile: genkan mdm build --for mobileconfig.",
        ),
        "form-appconfig": (
            "error",
            "%(mdm)s has the form of the AppConfig community, and this file has another.",
            "Build it in that form: genkan mdm build --for appconfig.",
        ),
        "form-android-restrictions": (
            "error",
            "%(mdm)s are a <restrictions> document, and this file has another form.",
            "Build it in that form: genkan mdm build --for android-restrictions.",
        ),
        "variable": (
            "warning",
            "“%(variable)s” looks like a variable, and no MDM that we know fills it in.",
            "Write the text itself.",
        ),
        "variable-of-mdm": (
            "warning",
            "“%(variable)s” is filled in by %(mdm)s, and by no other MDM that we know.",
            "Check it with --for and the name of your MDM, or write the text itself.",
        ),
        "variable-of-other": (
            "warning",
            "%(mdm)s is not known to fill in “%(variable)s”.",
            "Write the text itself, or a variable of that MDM.",
        ),
        "android-oauth": (
            "warning",
            "The app for Android passes over `oauth`: there people sign in inside the app.",
            "Nothing has to change; iPhones that get the same value do use it.",
        ),
    }
)
WORDS: Mapping[str, tuple[Severity, str, str]] = MappingProxyType({**ALL, **WRAPPINGS})
# What a file was recognised as, by the value of its kind.
FORMS: Mapping[str, str] = MappingProxyType(
    {
        "value": "the JSON array alone",
        "dictionary": "the JSON object with `sites` in it",
        "plist": "a property list",
        "binary-plist": "a binary property list",
        "profile": "a configuration profile",
        "android": "an Android managed configuration",
        "android-policy": "an Android policy",
        "android-restrictions": "Android app restrictions",
        "appconfig": "an AppConfig specification file",
        "graph": "an Intune policy of Microsoft Graph",
        "rows": "rows of key, type and value",
        "unknown": "nothing that an MDM takes",
    }
)
