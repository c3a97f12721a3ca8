"""Why an address could not be reached, in words; what a library says of it names sockets and options."""

import errno
import os
import ssl

import aiohttp


def why_unreachable(error: Exception) -> str:
    """Such as "connection refused"."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case aiohttp.ClientConnectorCertificateError():
            return _certificate(error.certificate_error)
        case ssl.SSLCertVerificationError():
            return _certificate(error)
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "no secure connection could be agreed on"
        case OSError(errno=int(number)) if number in errno.errorcode:
            return os.strerror(number).lower()
    return "the connection failed"


def _certificate(error: Exception) -> str:
    return str(getattr(error, "verify_message", "")) or "its certificate is not valid"
