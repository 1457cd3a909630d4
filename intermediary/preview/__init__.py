"""The citizen's pages: log in, see the evidence, decide. Server-rendered; they work without JavaScript.

May live here: pages, their texts and styles, the login by OpenID Connect, the cookies. The pages know an
exchange only as `exchange.preview.PreviewDesk`.

    app.mount("/preview", create_app(desk, OidcLogin(oidc_settings), preview_settings))
"""

from intermediary.preview.contracts import Login
from intermediary.preview.languages import known_languages
from intermediary.preview.oidc import ClaimNames, OidcLogin
from intermediary.preview.picture import picture
from intermediary.preview.routes import create_app
from intermediary.preview.settings import PreviewSettings

__all__ = [
    "ClaimNames",
    "Login",
    "OidcLogin",
    "PreviewSettings",
    "create_app",
    "known_languages",
    "picture",
]
