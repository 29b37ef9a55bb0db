"""Models: learnt from a named stretch, shown with their reasons, tried, promoted, rolled back."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.faults.server import Server, serving
from tests.web.kept_models import fan_reading, keep_models
from tests.web.readings import feeding_rows, learn, register, running
from tests.web.watching import Watch

N = 600
OFF = {"flow_l_min": -60.0}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("models")
    keep_models(folder / "data")
    with serving(folder) as running_server:
        yield running_server


@pytest.fixture(scope="module", autouse=True)
def pumps(server: Server) -> Iterator[float]:
    """One whose flow fell away after it was learnt, and which is fed on, and three to be learnt.

    Yields the time of the first reading.
    """
    now_s = int(time.time())
    start_s = float(now_s - 900 - (now_s - 7) % 60)  # no field ends in zero seconds: not shown
    for number in range(1, 5):
        register(server, f"pump-{number}", f"Pump {number}")
    push(server, "pump-1", running(N, start_s))
    learn(server, "pump-1", start_s, start_s + N)
    push(server, "pump-1", running(200, start_s + N, 1))
    push(server, "pump-1", running(int(now_s - start_s) - N - 201, start_s + N + 200, 2, **OFF))
    push(server, "pump-2", running(N, start_s))
    push(server, "pump-3", running(N, start_s))
    push(server, "pump-4", running(30, start_s))

    def off(time_s: float) -> dict[str, float]:
        return running(1, time_s, int(time_s), **OFF)[0]

    with feeding_rows(server, {"pump-1": off, "fan-2": fan_reading}):
        yield start_s


def push(server: Server, machine: str, rows: list[dict[str, float]]) -> None:
    answer = server.push_json(machine, rows)
    assert answer.status == 200, answer


def panel(page: Page, title: str) -> Locator:
    return page.locator(".panel", has=page.get_by_role("heading", name=title, exact=True))


def iso(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat().replace("+00:00", "Z")


def test_a_score_is_charted_against_its_limit_and_explained(page: Page) -> None:
    page.goto("/machines/pump-1")
    charts = page.get_by_role("slider", name=re.compile("Distance from normal: lowest"))
    expect(charts.locator("canvas")).not_to_have_count(0)
    why = panel(page, "Why")
    expect(why.locator(".say")).to_contain_text("beyond its limit of 1.00: mostly flow.")
    expect(why.locator(".shares .lead")).to_have_count(3)
    expect(why.locator(".shares .lead").first).to_have_text(
        re.compile(r"Flow\+\d+.%\d+\.\d.L/min, usually 3\d\d\.\d.L/min")
    )
    expect(why).to_contain_text("version 1; one false alarm a week expected")
    models = panel(page, "Models")
    expect(models.locator("li").first).to_contain_text("Ready")
    expect(models.locator("li").first).to_contain_text("reads 4 inputs")
    event = page.locator(".events > li", has_text="Distance from normal too high")
    expect(event.locator(".causes li").first).to_contain_text(re.compile(r"Flow \+\d+ %"))


def test_the_heat_map_is_read_with_keys_and_as_a_table(page: Page) -> None:
    page.goto("/machines/pump-1")
    heat = page.get_by_role("slider", name=re.compile("^What moves Distance from normal: Flow"))
    expect(heat.locator(".cap")).to_have_count(4)
    expect(heat.locator("path.h5")).not_to_have_count(0)  # twice the limit by one input alone
    expect(heat.locator("path.h0")).not_to_have_count(0)
    heat.focus()
    page.keyboard.press("End")
    expect(heat).to_have_attribute(
        "aria-valuetext", re.compile(r"Distance from normal \d+\.\d\d\. Flow \+\d+ %: .*usually")
    )
    page.keyboard.press("Home")
    expect(heat).to_have_attribute("aria-valuetext", re.compile(r"Distance from normal 0\.\d\d\."))
    first = float(heat.get_attribute("aria-valuenow") or "nan")
    page.keyboard.press("ArrowRight")
    expect(heat).not_to_have_attribute("aria-valuenow", str(first))
    expect(page.locator(".strips .hair").first).to_be_attached()  # one cursor for all
    page.keyboard.press("Escape")
    expect(page.locator(".heat .hair")).to_have_count(0)
    page.get_by_role("button", name="Both").first.click()
    table = page.get_by_role("region", name="What moves Distance from normal, as a table")
    expect(table.locator("thead th")).to_have_count(6)
    expect(table.locator("tbody tr").first.locator("td").nth(1)).to_have_text(re.compile(r"^\+\d"))


def test_an_output_is_a_value_and_a_chart_like_any_other(page: Page) -> None:
    page.goto("/machines/pump-1")
    cell = page.locator('.cell[data-name="anomaly_score"]')
    expect(cell).to_have_class(re.compile(r"\bcrit\b"))
    expect(cell.locator(".name")).to_contain_text("Distance from normal")
    page.goto("/machines/pump-1/history")
    page.get_by_label("Distance from normal", exact=True).check()
    expect(page.locator(".strip .cap", has_text="Distance from normal")).to_be_visible()
    link = page.get_by_role("link", name="Learn normal…")
    expect(link).to_have_attribute("href", re.compile(r"/machines/pump-1/learn\?from=.*&to="))
    page.goto("/")
    tile = page.locator("a.tile", has_text="Pump 1")
    expect(tile.locator(".mini .k").first).to_have_text("Distance from normal")


def test_without_a_model_the_page_says_what_to_do(page: Page) -> None:
    page.goto("/machines/pump-4")
    health = panel(page, "Health")
    expect(health.locator("h3")).to_have_text(
        re.compile("^(telltale is learning what is normal on|Nothing is learnt about) Pump 4")
    )
    assert not re.search(r"\d\.\d\d", health.inner_text())  # no model, no number
    health.get_by_role("link", name="Learn normal from here to here…").click()
    expect(page.locator("h1")).to_have_text("When did Pump 4 run as it should?")


def test_normal_is_learnt_from_a_named_stretch_and_the_next_readings_fill_the_window(
    page: Page, server: Server, pumps: float
) -> None:
    page.goto(f"/machines/pump-3/learn?from={iso(pumps)}&to={iso(pumps + N)}")
    expect(page.get_by_label("From", exact=True)).to_have_value(iso(pumps)[:19])
    kinds = page.get_by_label("Kind of model")
    kinds.select_option("mahalanobis")
    expect(page.locator(".learn-form .hint").first).to_contain_text("Distance of the steady")
    page.get_by_label("False alarms allowed").select_option(label="one a month")
    page.get_by_role("button", name="Learn what is normal").click()
    report = panel(page, "Trainings").locator("li").first
    expect(report.locator(".state")).to_have_text("Learnt")
    expect(report).to_contain_text("600 samples of normal operation")
    expect(report).to_contain_text("0.3 false alarms a week expected")
    expect(report).to_contain_text("There was none.")
    report.get_by_role("link", name="See its health").click()
    push(server, "pump-3", running(5, pumps + N, 3))
    health = panel(page, "Health")
    expect(health.locator("h3")).to_have_text("Distance from normal: no answer yet")
    bar = health.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "33")  # 5 of 15
    push(server, "pump-3", running(30, pumps + N + 5, 4))
    expect(page.get_by_role("heading", name="What moves it")).to_be_visible()


def test_several_stretches_and_settings_are_learnt_from_together(
    page: Page, server: Server, pumps: float
) -> None:
    register(server, "pump-5", "Pump 5")
    push(server, "pump-5", running(N, pumps))
    page.goto(f"/machines/pump-5/learn?from={iso(pumps)}&to={iso(pumps + 250)}")
    page.get_by_role("button", name="Keep this one, choose another").click()
    expect(page.get_by_role("list", name="Further stretches").locator("li")).to_have_count(1)
    page.get_by_label("To", exact=True).fill(iso(pumps + N)[:19])
    page.get_by_label("From", exact=True).fill(iso(pumps + 300)[:19])
    page.get_by_label("From", exact=True).blur()
    page.get_by_text("Finer settings").click()
    page.get_by_label("Window, s").fill("20")
    page.get_by_label("Only keep it").check()
    page.get_by_role("button", name="Learn what is normal").click()
    report = panel(page, "Trainings").locator("li").first
    expect(report.locator(".state")).to_have_text("Learnt")
    expect(report).to_contain_text("2 stretches")
    expect(report).to_contain_text("It is kept and runs nowhere.")
    (training, *_) = server.get("/trainings?machine=pump-5")["trainings"]
    assert len(training["stretches"]) == 2
    card = server.get(f"/models/{training['model']}")["card"]
    assert card["window"]["samples"] == 20  # one a second


def test_a_training_that_fails_says_why(page: Page, pumps: float) -> None:
    page.goto(f"/machines/pump-4/learn?from={iso(pumps)}&to={iso(pumps + 60)}")
    page.get_by_role("button", name="Learn what is normal").click()
    row = panel(page, "Trainings").locator("li").first
    expect(row.locator(".state")).to_have_text("Failed")
    expect(row).to_contain_text("30 samples of normal operation; at least 60 are needed")
    page.get_by_label("To", exact=True).fill(iso(pumps - 60)[:19])
    expect(page.get_by_text("The end must come after the start.")).to_be_visible()
    expect(page.get_by_role("button", name="Learn what is normal")).to_be_disabled()


def test_zooming_the_charts_changes_the_stretch(page: Page, pumps: float) -> None:
    page.goto(f"/machines/pump-2/learn?from={iso(pumps)}&to={iso(pumps + N)}")
    charts = page.get_by_role("slider", name=re.compile("Vibration"))
    expect(charts.locator("canvas")).not_to_have_count(0)
    charts.focus()
    page.keyboard.press("+")
    expect(page.get_by_label("From", exact=True)).to_have_value(iso(pumps + N / 4)[:19])
    expect(page.get_by_label("To", exact=True)).to_have_value(iso(pumps + N * 3 / 4)[:19])
    page.get_by_label("From", exact=True).fill(iso(pumps + 10)[:19])
    page.get_by_label("From", exact=True).blur()
    expect(charts).to_have_attribute("aria-valuemin", re.compile(rf"^{pumps + 10:.0f}"))


def test_a_version_is_tried_promoted_rolled_back_switched_off_and_removed(
    page: Page, server: Server, pumps: float
) -> None:
    learn(server, "pump-2", pumps, pumps + N)
    second = learn(server, "pump-2", pumps, pumps + N, kind="ewma", role="shadow")
    push(server, "pump-2", running(60, pumps + N, 5))
    page.goto(f"/models/{second['model']}")
    expect(page.locator("h1")).to_have_text("Level of a channel: version 2 is tried as a shadow")
    runs = panel(page, "Where it runs")
    expect(runs).to_contain_text("shadow beside version 1")
    expect(runs).to_contain_text(re.compile(r"\d+ samples answered by both"))
    runs.get_by_role("button", name="Promote").click()
    expect(page.locator("h1")).to_have_text("Level of a channel: version 2 runs")
    runs.get_by_role("button", name="Roll back").click()
    expect(runs).to_contain_text("version 1 runs")
    runs.get_by_role("button", name="Activate").click()
    expect(page.locator("h1")).to_have_text("Level of a channel: version 2 runs")
    remove = page.get_by_role("button", name="Remove…")
    expect(remove).to_be_disabled()
    runs.get_by_role("button", name="Switch off").click()
    expect(page.locator("h1")).to_have_text("Level of a channel: version 2 runs nowhere")
    assert server.get("/machines/pump-2/models")["models"] == []
    remove.click()
    page.get_by_role("button", name="Remove version 2 for good").click()
    expect(page).to_have_url(re.compile("/models$"))
    expect(page.locator("h1")).to_contain_text("versions are kept")
    kept = [one["number"] for one in server.get("/models")["models"]]
    assert second["model"] not in kept


def test_a_refused_change_is_said_and_changes_nothing(
    page: Page, server: Server, watch: Watch
) -> None:
    watch.allow("422")
    (model,) = server.get("/machines/pump-1/models")["models"]
    page.goto(f"/models/{model['model']}")
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator(".runs .note")).to_contain_text("no version of 'anomaly' before")
    assert server.get("/machines/pump-1/models")["models"][0]["version"] == 1


def test_the_card_says_what_a_version_is_and_its_folder_can_be_taken_away(
    page: Page, server: Server
) -> None:
    number = server.get("/machines/pump-1/models")["models"][0]["model"]
    card = server.get(f"/models/{number}")["card"]
    page.goto("/models")
    row = page.locator("tbody tr", has=page.locator(f'a[href="/models/{number}"]'))
    expect(row).to_contain_text("Pump 1")
    row.get_by_role("link", name="Distance from normal").click()
    inputs = page.get_by_role("region", name="Inputs")
    expect(inputs.locator("tbody tr")).to_have_count(len(card["inputs"]))
    expect(inputs.locator("tbody tr", has_text="flow_l_min")).to_contain_text("L/min")
    learnt = panel(page, "What it learnt from")
    expect(learnt).to_contain_text(card["training"]["sha256"])
    expect(learnt).to_contain_text("Measured")
    expect(panel(page, "What it gives")).to_contain_text("15 successive samples")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    packed = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert {"card.json", "parameters.npz", "parity.npz"} <= set(packed.namelist())


def test_remaining_life_is_said_as_an_interval_and_drawn_as_a_band(
    page: Page, server: Server
) -> None:
    values = server.get("/machines/bearing-1")["values"]
    low, high = (
        round(values[f"remaining_life_{end}_s"]["value"] / 60.0) for end in ("low", "high")
    )
    page.goto("/machines/bearing-1")
    life = panel(page, "Remaining life from few failures")
    expect(life.locator(".figure")).to_have_text(f"{low} to {high} min")
    expect(life).to_contain_text("Learnt from simulated data")
    charts = page.get_by_role("slider", name=re.compile("Remaining life: lowest"))
    expect(charts.locator(".read").first).to_have_text(re.compile(r"^[\d,]+ [\d,]+ to [\d,]+$"))
    expect(page.get_by_text(re.compile("does not say (what|which)"))).to_be_visible()
    page.get_by_role("button", name="Both").first.click()
    table = page.get_by_role("region", name="The charts as a table").first
    expect(table.locator("thead th")).to_contain_text(["Remaining life, at least"])


def test_faults_stand_with_the_leading_one_first(page: Page, server: Server) -> None:
    page.goto("/machines/fan-2")
    faults = panel(page, "Faults of a rotating machine")
    expect(faults.locator(".intensities > li")).to_have_count(8)
    shown = faults.locator(".intensities .num").all_inner_texts()
    figures = [float(text.split()[0]) for text in shown]
    assert max(figures) - figures[0] <= 5.0  # a tenth of the limit: calm rows keep their places
    expect(faults).to_contain_text("An intensity is not a probability.")
    expect(faults).to_contain_text("Learnt from simulated data")


def test_a_model_that_cannot_run_says_why(page: Page) -> None:
    page.goto("/machines/bearing-2")
    health = panel(page, "Health")
    expect(health.locator("h3")).to_have_text("Remaining life from few failures cannot answer")
    expect(health).to_contain_text("parity.npz")
    expect(panel(page, "Models").locator(".state").first).to_have_text("Failed")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/models/999", "Model 999 is not shown"),
        ("/machines/nobody/learn", "No machine is called nobody"),
    ],
)
def test_an_address_of_no_model_says_so(page: Page, watch: Watch, path: str, words: str) -> None:
    watch.allow("404")
    page.goto(path)
    expect(page.locator("h1")).to_have_text(words)
