"""The certificate desk's latest judgements: who asks with a certificate at every request is not verified at each."""

from collections import OrderedDict
from dataclasses import dataclass, field

from genkan.outside.certificates import CertificateDesk
from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.presented import Presented
from genkan.protocol.env import MINUTE, Env
from genkan.protocol.signin.certificate import Accepted

FRESH = MINUTE  # a judgement counts so long for the same bytes: far shorter than what a CRL or OCSP answer does
MOST_KEPT = 128


@dataclass(slots=True)
class Judgements:
    """The desk's latest judgements. What the site itself knows of a certificate is never kept: a revocation that it has
    learnt of, an account that was disabled and a pin that was taken away count from the next request on.
    """

    _kept: OrderedDict[Presented, tuple[int, Accepted | CertificateFault]] = field(default_factory=OrderedDict)

    async def of(self, presented: Presented, desk: CertificateDesk, env: Env) -> Accepted | CertificateFault:
        """The judgement of these very bytes, at most a minute old, and never older than the certificate's end."""
        kept = self._kept.get(presented)
        if kept is not None and kept[0] > env.now:
            self._kept.move_to_end(presented)
            return kept[1]
        judged = await desk.judge(presented, env)
        until = env.now + FRESH
        if isinstance(judged, Accepted):
            until = min(until, judged.leaf.not_after)
        self._kept[presented] = until, judged
        self._kept.move_to_end(presented)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return judged
