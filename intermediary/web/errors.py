"""What can go wrong on pages, whoever they are for.

WebError
├── SettingsInvalid     settings that cannot work; said at start-up
└── LoginFailed         the identity provider did not vouch for anybody
    └── LoginCancelled  … because the person, or the provider, broke it off

No message carries a claim, a name or a token.
"""


class WebError(Exception):
    """Pages cannot go on."""


class SettingsInvalid(WebError, ValueError):  # noqa: N818
    """A setting of the pages cannot work."""


class LoginFailed(WebError):  # noqa: N818
    """The login could not be finished; the text says which check failed."""


class LoginCancelled(LoginFailed):
    """The person or the identity provider broke the login off."""
