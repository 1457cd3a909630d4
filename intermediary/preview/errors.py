"""What can go wrong on the citizen's pages.

PreviewError
├── SettingsInvalid   settings that cannot work; said at start-up
└── LoginFailed       the identity provider did not vouch for the citizen
    └── LoginCancelled  … because the citizen, or the provider, broke it off

An unknown link is `exchange.PreviewUnknown`. No message carries a claim, a name or a token.
"""


class PreviewError(Exception):
    """The citizen's pages cannot go on."""


class SettingsInvalid(PreviewError, ValueError):  # noqa: N818
    """A setting of the pages cannot work."""


class LoginFailed(PreviewError):  # noqa: N818
    """The login could not be finished; the text says which check failed."""


class LoginCancelled(LoginFailed):
    """The citizen or the identity provider broke the login off."""
