"""The area on the wired platform, beside the editor and dry runs: its links lead somewhere."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from intermediary.app import Platform, build, create_app
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from intermediary.settings import load_settings
from tests.console.conftest import BASE


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The sandbox's platform in this process, with its own settings."""
    world = World(tmp_path_factory.mktemp("world"))
    make_pki(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERMEDIARY_SETTINGS", str(write_platform_files(world)))
        wired = build(load_settings())
    yield wired
    wired.engine.dispose()


@pytest.fixture
def anna(platform: Platform) -> TestClient:
    """An approver's browser."""
    client = TestClient(create_app(platform), base_url=BASE, follow_redirects=False)
    assert client.post("/console/login/development", data={"who": "anna"}).status_code == 303
    return client


@pytest.mark.parametrize(
    "path",
    [
        "/mappings/new",
        "/providers/new",
        "/mappings/evidence/fahrerlaubnis/edit",
        "/dry-run?entry=evidence/fahrerlaubnis&version=1",
        "/mappings",
        "/providers",
        "/evidence-types",
    ],
)
def test_every_link_leads_to_a_page(anna: TestClient, path: str) -> None:
    assert anna.get(f"/console{path}").status_code == 200


def test_who_approves_reads_what_would_change_for_the_requests_that_came(
    platform: Platform, anna: TestClient
) -> None:
    entry, store, at = "evidence/fahrerlaubnis", platform.mappings, platform.clock()
    said = store.document(entry, 1) | {"level_of_assurance": "High"}
    store.draft(entry, said, expected=1, actor="erik", reason="High", at=at)
    store.submit((entry, 2), actor="erik", reason="please", at=at)
    page = anna.get(f"/console/mappings/{entry}/versions/2/approve", headers={"accept-language": "en"}).text
    assert "What would change" in page
    assert "No request has come yet" in page
