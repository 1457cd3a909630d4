"""Settings: what is wrong is said at start, with file, name and remedy."""

from pathlib import Path

import pytest

from intermediary.exchange import SettingsInvalid
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from intermediary.settings import load_settings


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a sandbox platform, named by the environment."""
    world = World(tmp_path)
    make_pki(world)
    world.secret("oidc")
    write_platform_files(world)
    file = world.data("platform") / "platform.toml"
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(file))
    return file


def test_the_settings_of_the_demo_are_complete(settings_file: Path) -> None:
    settings = load_settings()
    assert settings.public_url.startswith("https://localhost:")
    assert settings.timing.timing().t1.total_seconds() == 300


def test_the_environment_overrides_single_values(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERMEDIARY_PORT", "9999")
    monkeypatch.setenv("INTERMEDIARY_TIMING__T1", "7")
    settings = load_settings()
    assert settings.port == 9999
    assert settings.timing.timing().t1.total_seconds() == 7


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("INTERMEDIARY_PUBLIC_URL", "http://no-tls.example", "public_url"),
        ("INTERMEDIARY_PUBLIC_URL", "https://x.example/path", "public_url"),
        ("INTERMEDIARY_MESSAGE_DOMAIN", "a b", "message_domain"),
        ("INTERMEDIARY_TIMING__T2", "-1", "timing.t2"),
        ("INTERMEDIARY_TIMING__T9", "1", "timing.t9"),
        ("INTERMEDIARY_TIMING__PROVIDER_PATIENCE", "99999", "provider_patience"),
        ("INTERMEDIARY_TLS_KEY", "/does/not/exist.pem", "/does/not/exist.pem"),
        ("INTERMEDIARY_WORKERS", "-1", "workers"),
        ("INTERMEDIARY_AS4_LIMITS__PARTS", "0", "as4_limits.parts"),
    ],
)
def test_what_is_wrong_is_named(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=told):
        load_settings()


def test_a_missing_file_and_missing_values_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(tmp_path / "none.toml"))
    with pytest.raises(SettingsInvalid, match="is no file"):
        load_settings()
    monkeypatch.delenv("INTERMEDIARY_SETTINGS")
    with pytest.raises(SettingsInvalid, match="database_url"):
        load_settings()


def test_blobs_lie_beside_a_sqlite_file_and_are_named_otherwise(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings_file.read_text()
    settings_file.write_text("\n".join(line for line in file.splitlines() if not line.startswith("blobs")))
    assert load_settings().blob_folder == settings_file.parent.resolve() / "blobs"
    monkeypatch.setenv("INTERMEDIARY_DATABASE_URL", "postgresql+psycopg://localhost/ledger")
    with pytest.raises(SettingsInvalid, match="blobs"):
        load_settings()
    monkeypatch.setenv("INTERMEDIARY_BLOBS", "/srv/blobs")
    assert load_settings().blob_folder == Path("/srv/blobs")


def test_the_limits_of_as4_are_settings(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERMEDIARY_AS4_LIMITS__PARTS", "7")
    settings = load_settings()
    limits = settings.as4_limits.limits(settings.max_message_bytes)
    assert (limits.parts, limits.body_bytes) == (7, settings.max_message_bytes)


def test_blobs_may_lie_in_a_bucket(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERMEDIARY_BLOBS", "s3://evidence-1/some/where/")
    assert load_settings().blob_bucket == ("evidence-1", "some/where")
    monkeypatch.setenv("INTERMEDIARY_S3__ENDPOINT", "https://s3.example:9000")
    settings = load_settings()
    assert settings.s3 is not None
    assert settings.s3.endpoint == "https://s3.example:9000"
    monkeypatch.setenv("INTERMEDIARY_S3__CREDENTIALS_FILE", "/does/not/exist")
    with pytest.raises(SettingsInvalid, match="/does/not/exist"):
        load_settings()


@pytest.mark.parametrize("value", ["s3://", "s3://UPPER/x", "https://bucket/x", "gs://bucket"])
def test_other_places_for_blobs_are_refused(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("INTERMEDIARY_BLOBS", value)
    with pytest.raises(SettingsInvalid, match="blobs"):
        load_settings()


def test_an_object_store_that_nothing_uses_is_refused(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERMEDIARY_S3__REGION", "eu-central-1")
    with pytest.raises(SettingsInvalid, match=r"\[s3\]"):
        load_settings()


def test_a_platform_is_built_on_a_bucket_and_one_that_is_missing_is_told(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from intermediary.at_rest import open_blobs, open_vault
    from tests import s3

    place = s3.place()
    monkeypatch.setenv("INTERMEDIARY_BLOBS", f"s3://{place.bucket}/x")
    monkeypatch.setenv("INTERMEDIARY_S3__ENDPOINT", str(place.endpoint))
    monkeypatch.setenv("INTERMEDIARY_S3__REGION", "eu-central-1")
    monkeypatch.setenv("INTERMEDIARY_S3__CREDENTIALS_FILE", str(place.credentials_file))
    settings = load_settings()
    blobs = open_blobs(settings, open_vault(settings))
    assert list(s3.objects(place)) == [], "what was tried is gone"
    assert blobs is not None
    monkeypatch.setenv("INTERMEDIARY_BLOBS", "s3://no-such-bucket")
    settings = load_settings()
    with pytest.raises(SettingsInvalid, match="there is no such bucket"):
        open_blobs(settings, open_vault(settings))
