"""The catalog is a scan of one closed package."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from onboarding.intake import catalog, vendors
from onboarding.intake.vendors import greenhouse, standard_webhooks


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A vendors package with nothing in it but what a test puts there."""
    catalog.adapters.cache_clear()
    monkeypatch.setattr(vendors, "__path__", [str(tmp_path)])
    yield tmp_path
    catalog.adapters.cache_clear()


def test_every_file_is_one_adapter_found_by_its_slug():
    found = catalog.adapters()
    files = {path.stem for path in Path(str(vendors.__file__)).parent.glob("*.py")} - {"__init__"}
    assert {slug.replace("-", "_") for slug in found} == files
    assert found["greenhouse"] is greenhouse.ADAPTER
    assert catalog.find("standard-webhooks") is standard_webhooks.ADAPTER
    assert catalog.find("nobody") is None


def test_a_file_without_an_adapter_is_an_error_and_not_a_silence(package: Path):
    (package / "empty_vendor.py").write_text("", "utf-8")
    with pytest.raises(TypeError, match=r"empty_vendor\.py must define ADAPTER"):
        catalog.adapters()


def test_a_slug_that_does_not_follow_the_file_is_an_error(package: Path):
    (package / "some_vendor.py").write_text("from onboarding.intake.vendors_probe import ADAPTER", "utf-8")
    probe = types.ModuleType("onboarding.intake.vendors_probe")
    probe.ADAPTER = greenhouse.ADAPTER  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "onboarding.intake.vendors_probe", probe)
        with pytest.raises(TypeError, match="slug must follow"):
            catalog.adapters()
