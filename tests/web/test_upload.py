"""A model of one's own: brought in with how it is fed, refused in the server's words, run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from playwright.sync_api import Locator, Page, expect

from tests.faults.server import Server
from tests.web.readings import register, running
from tests.web.watching import Watch

START_S = 1_790_000_000.0
COLUMNS = ("Flow", "Vibration")


@pytest.fixture(scope="module", autouse=True)
def pump(server: Server) -> None:
    register(server, "pump-1", "Pump 1")
    assert server.push_json("pump-1", running(60, START_S)).status == 200


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """One number of two: flow less a hundred times vibration."""
    weights = numpy_helper.from_array(np.array([[1.0], [-100.0]], dtype=np.float32), "weights")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path / "Flow Less.onnx"
    onnx.save(model, path)
    return path


def panel(page: Page) -> Locator:
    return page.locator(".panel.upload")


def add_columns(page: Page) -> None:
    for title in COLUMNS:
        panel(page).get_by_label("Next column").select_option(label=title)
        panel(page).get_by_role("button", name="Add", exact=True).click()


def test_a_foreign_model_is_bound_to_channels_kept_and_run(
    page: Page, server: Server, network: Path
) -> None:
    page.goto("/models")
    page.set_input_files('input[type="file"]', network)
    form = panel(page)
    expect(form.get_by_label("Name, one word")).to_have_value("flow_less")
    bring = form.get_by_role("button", name="Bring it in")
    expect(bring).to_be_disabled()
    add_columns(page)
    expect(form.locator("ol li")).to_have_count(2)
    form.get_by_label("Vibration: earlier").click()
    expect(form.locator("ol li").first).to_contain_text("vibration_mm_s")
    form.get_by_label("Vibration: later").click()
    form.get_by_label("Outputs, in their order").fill("flow_excess")
    form.get_by_label("Warn above, if there is a limit").fill("500")
    bring.click()
    expect(form).to_contain_text("flow_less, version 1, is kept.")
    expect(form).to_contain_text("Reads flow_l_min, vibration_mm_s; gives flow_excess.")
    form.get_by_role("button", name="Activate").click()
    expect(form.get_by_role("button", name="Switch off")).to_be_visible()
    assert server.push_json("pump-1", running(1, START_S + 60)).status == 200
    values = server.get("/machines/pump-1")["values"]
    wanted = values["flow_l_min"]["value"] - 100.0 * values["vibration_mm_s"]["value"]
    assert values["flow_excess"]["value"] == pytest.approx(wanted, rel=1e-5)
    row = page.locator("tbody tr", has_text="flow_less")
    expect(row).to_contain_text("imported")


def test_a_refusal_stands_beside_the_form_in_the_servers_words(
    page: Page, server: Server, network: Path, watch: Watch
) -> None:
    watch.allow("422")
    kept = len(server.get("/models")["models"])
    page.goto("/models")
    page.set_input_files('input[type="file"]', network)
    form = panel(page)
    add_columns(page)
    form.get_by_label("Outputs, in their order").fill("one, two")
    form.get_by_role("button", name="Bring it in").click()
    expect(form.locator(".note.crit")).to_contain_text("The model gives y (1); 2 outputs are named")
    expect(form.locator("ol li")).to_have_count(2)  # what was filled in stays
    assert len(server.get("/models")["models"]) == kept


def test_a_folder_that_was_downloaded_is_brought_in_again(
    page: Page, server: Server, network: Path, tmp_path: Path, watch: Watch
) -> None:
    watch.allow("422")
    page.goto("/models")
    (first, *_) = server.get("/models")["models"]
    packed = tmp_path / "again.zip"
    packed.write_bytes(server.request("GET", f"/api/v1/models/{first['number']}/folder").body)
    page.set_input_files('input[type="file"]', packed)
    form = panel(page)
    expect(form.get_by_role("combobox", name="For", exact=True)).to_have_value("")
    expect(form.get_by_label("Name, one word")).to_have_count(0)  # its card says all
    form.get_by_role("button", name="Bring it in").click()
    expect(form).to_contain_text(re.compile("version 1, is kept"))
    form.get_by_role("button", name="Another file").click()
    empty = tmp_path / "empty.zip"
    empty.write_bytes(b"PK\x05\x06" + bytes(18))
    page.set_input_files('input[type="file"]', empty)
    form.get_by_role("button", name="Bring it in").click()
    expect(form.locator(".note.crit")).to_contain_text("is no model folder of telltale's")
