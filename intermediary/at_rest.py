"""What is kept sealed, as the settings say: the platform's keys, and where large content lies."""

from intermediary import store
from intermediary.exchange import SettingsInvalid
from intermediary.settings import S3Group, Settings


def open_vault(settings: Settings) -> store.KeyVault:
    """The platform's keys; a key file that is not there is made. Raises SettingsInvalid."""
    try:
        return store.KeyVault.from_file(settings.platform_key_file)
    except (store.KeysUnusable, OSError) as problem:
        raise SettingsInvalid(f"platform_key_file: {problem}") from None


def open_blobs(settings: Settings, vault: store.KeyVault) -> store.SweptBlobs:
    """A folder or an object store, tried. Raises SettingsInvalid."""
    where = settings.blob_bucket
    if where is None:
        return store.FileBlobs(settings.blob_folder, vault)
    group = settings.s3 or S3Group()
    try:
        place = store.S3Place(*where, group.endpoint, group.region, group.credentials_file, group.ca)
        return store.S3Blobs(place, vault)
    except store.BlobsUnusable as problem:
        raise SettingsInvalid(f"blobs: {problem}") from None
