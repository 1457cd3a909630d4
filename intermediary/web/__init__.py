"""What pages share, whoever they are for: languages, security headers, the login by OpenID Connect.

May live here: what both `preview` and `console` need to answer a browser. What may not: a page.
"""

from intermediary.web.errors import LoginCancelled, LoginFailed, SettingsInvalid, WebError
from intermediary.web.headers import SecurityHeaders, page_policy
from intermediary.web.languages import Text, Tongue, read_catalogue, wanted
from intermediary.web.oidc import LoginStart, OidcClient, OidcSettings
from intermediary.web.static import ReleaseFiles, release

__all__ = [
    "LoginCancelled",
    "LoginFailed",
    "LoginStart",
    "OidcClient",
    "OidcSettings",
    "ReleaseFiles",
    "SecurityHeaders",
    "SettingsInvalid",
    "Text",
    "Tongue",
    "WebError",
    "page_policy",
    "read_catalogue",
    "release",
    "wanted",
]
