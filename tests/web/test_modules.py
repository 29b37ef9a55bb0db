"""The page's nearly pure modules, run where they will run: in the browser, from the built code.

`node --test` would need a Node at test time, which a fresh machine has not: the build brings its
own and drops it. The build writes these modules as one file beside its dependencies.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.web.conftest import ROOT

MODULES = ROOT / "web" / "node_modules" / ".telltale" / "modules.js"

LOAD = """async (code) => {
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    Object.assign(window, await import(url));
    window.parse = (path, query) => router.parse(path, new URLSearchParams(query));
    const machine = (state, i) => ({ title: "ABC"[i], state, headline: "Hot." });
    window.RPM = { title: "Speed", unit: "rpm", decimals: 0 };
    window.fleet = (...states) => findings.fleetFinding(states.map(machine));
    window.typed = (text, range) => check.checkTyped(text, { range }, { factor: 1, offset: 0 });
}"""


@pytest.fixture(scope="module")
def js(browser: Browser) -> Iterator[Page]:
    """A page without a server that holds the modules as globals; its language is English."""
    if not MODULES.is_file():
        pytest.fail(f"{MODULES} is missing. Build the page: npm ci && npm run build, in web/.")
    context = browser.new_context(locale="en-GB", timezone_id="Asia/Kolkata")
    page = context.new_page()
    page.evaluate(LOAD, MODULES.read_text())
    yield page
    context.close()


TIMES = "\N{MULTIPLICATION SIGN}"
SAYS: list[tuple[str, Any]] = [
    # format: three figures, a true minus, ages as people say them
    ("format.number(1234.5, 1)", "1,234.5"),
    ("format.number(-2.04, 1)", "\N{MINUS SIGN}2.0"),
    ("format.number(-0.001, 1)", "0.0"),
    ("format.brief(-0.001, 2)", "0"),
    ("format.brief(7.10, 2)", "7.1"),
    ("format.interval(1, 3)", "1\N{EN DASH}3"),
    ("format.interval(-5, 3)", "\N{MINUS SIGN}5 to 3"),
    ("format.countText(4_823_114)", "4.82\N{THIN SPACE}M"),
    ("format.countText(9999)", "9,999"),
    ("format.age(0.001)", "<0.01 s"),
    ("format.age(0.4)", "0.4 s"),
    ("format.age(48.2)", "48 s"),
    ("format.age(59.7)", "1 min"),
    ("format.age(16_620)", "4 h 37 min"),
    ("format.age(86_400)", "1 day"),
    ("format.age(-3)", "<0.01 s"),
    ("format.clock(0)", "05:30:00"),
    ("format.zone()", "UTC+5:30"),
    ("format.rate(23.64)", "23.6 Hz"),
    ("format.bytes(1_900_000_000)", "1.9 GB"),
    ("format.tied('limit 4.5, for 51 s.')", "limit 4.5, for 51\N{NO-BREAK SPACE}s."),
    ("format.tied('for 2 weeks of 14')", "for 2\N{NO-BREAK SPACE}weeks of 14"),
    ("format.short('Bearing temperature')", "Bearing temp."),
    ("format.short('Velocity, vertical (rms)')", "Vel., vert."),
    # units: values, scales and limits follow the viewer's choice
    ("units.shown({ unit: 'degC', unit_symbol: '°C', decimals: 1 }).symbol", "°C"),
    # router: addresses in, routes out
    ("parse('/')", {"page": "fleet"}),
    ("parse('/machines/a%2Fb')", {"page": "machine", "machine": "a/b"}),
    ("parse('/machines/x/history')", {"page": "history", "machine": "x"}),
    ("parse('/history', 'machine=x')", {"page": "history", "machine": "x"}),
    ("parse('/machines')", {"page": "lost", "path": "/machines"}),
    ("parse('/import/more')", {"page": "lost", "path": "/import/more"}),
    ("router.historyPath('pump 3')", "/machines/pump%203/history"),
    # range: zoom keeps the point under the hand
    ("range.zoomed({ from_s: 0, to_s: 100 }, 25, 0.5)", {"from_s": 12.5, "to_s": 62.5}),
    ("range.panned({ from_s: 0, to_s: 100 }, 0.5)", {"from_s": 50, "to_s": 150}),
    (
        "range.pinched({ from_s: 0, to_s: 100 }, [0.4, 0.6], [0.2, 0.8])",
        {"from_s": 100 / 3, "to_s": 200 / 3},
    ),
    ("range.checked(5, 5)", None),
    # findings: who needs someone, said in words
    ("fleet().title", "No machine yet"),
    ("fleet('ok').title", "A is normal"),
    ("fleet('critical', 'ok')", {"title": "A needs you", "text": "Hot. B is normal."}),
    ("fleet('warn', 'warn', 'warn').title", "Three machines want a look today"),
    ("fleet('stale', 'warn').title", "B wants a look today"),
    (
        "findings.eventTitle({ kind: 'limit', rule: 'warn_above' }, { title: 'Vibration' })",
        "Vibration too high",
    ),
    ("findings.lowerFirst('AFR too high')", "AFR too high"),
    # a state that a newer server knows is never shown as normal
    ("states.stateShape('molten').lit", "fail"),
    # entry: what was typed
    ("typed(' 7,4 ', [0, 100])", {"kind": "value", "value": 7.4}),
    # models: shares, ends of intervals, parts of a limit, what is led by what
    ("cause.signedShare(0.617)", "+62 %"),
    ("cause.signedShare(-0.2)", "\N{MINUS SIGN}20 %"),
    ("cause.signedShare(-0.001)", "0 %"),
    (
        "cause.causeWords({ value: 1463, expected: 1478, bound: 1470 }, RPM)",
        "1,463 rpm, usually 1,478 rpm, normal above 1,470 rpm",
    ),
    ("cause.causeWords({ value: null, expected: null, bound: null }, RPM)", "not known"),
    (
        "bounds.boundsOf('life_s', { life_s: 1, life_low_s: 1, life_high_s: 1 })",
        {"low": "life_low_s", "high": "life_high_s"},
    ),
    ("bounds.boundsOf('x', { x: 1, x_low: 1, x_high: 1 })", {"low": "x_low", "high": "x_high"}),
    ("bounds.boundsOf('x', { x: 1, x_low: 1 })", None),
    (
        "words.mainOutputs({ outputs: { v_g: 1, v_low_g: 1, v_high_g: 1, band_low_g: 1 } })",
        ["v_g", "band_low_g"],
    ),
    # settings of a kind: what its schema says, needed ones first
    (
        "kinds.settingsOf({ $ref: '#/$defs/S', $defs: { S: { properties: {"
        " every_s: { type: 'number', default: 1 }, how: { type: 'object' }, channel: { type:"
        " 'string' } }, required: ['channel'] } } }).map((one) => [one.name, one.type, one.usual])",
        [["channel", "channel", ""], ["every_s", "number", "1"]],
    ),
    (
        "kinds.settingsTyped([{ name: 'a', type: 'number' }, { name: 'b', type: 'boolean' },"
        " { name: 'c', type: 'string' }], { a: '60', b: 'true', c: '' })",
        {"a": 60, "b": True},
    ),
    ("kinds.settingWords('horizon_s')", "Horizon, s"),
    ("kinds.kindTitle(null, 'half_space')", "Half space"),
    # lines of a spectrum
    ("lines.lineWords({ name: 'BPFO', harmonic: 1, sideband: 0 })", "BPFO"),
    (
        "lines.lineWords({ name: 'BPFI', harmonic: 2, sideband: 1 })",
        f"2 {TIMES} BPFI + turning",
    ),
    (
        "lines.lineWords({ name: '2 x BSF', harmonic: 3, sideband: 0 })",
        f"6 {TIMES} BSF",
    ),
    (
        "lines.standing([{ part: 'ball', stands_out: true, ratio: 9 }, { part: 'cage', stands_out:"
        " true, ratio: 4 }, { part: 'cage', ratio: 5 }], 'cage').map((one) => one.ratio)",
        [4],
    ),
    ("lines.findingWords('outer_race')", "damage of the outer race"),
    ("lines.findingWords('unclear')", "unclear"),
    ("charts.horizon_s([{}, { ahead: { by_s: 60 } }])", 60),
    ("charts.horizon_s([])", 0),
    ("words.alarmWords({ alarms_per_week: null })", "false alarms were not estimated"),
    ("words.lifeWords(0.445, 0.455)", "in about 27 min"),
    ("words.lifeWords(1, 1.9)", "in 60 to 114 min"),
    ("words.lifeWords(50, null)", "in 2 days at the earliest"),
    ("words.isWaiting({ state: 'learning', seen: 0, needed: 1 })", True),
    ("words.isWaiting({ state: 'learning', seen: 0, needed: 60 })", False),
    (
        "words.anewWords({ seen_s: 6360, needed_s: 13500, problem: '' })",
        ("What is normal is learnt anew after 3 h 45 min of calm readings; 1 h 46 min heard."),
    ),
    ("details.detailWords({ port: 'COM3', baud: 38400, doubts: [] })", "port COM3, baud 38,400"),
    ("details.detailWords({ a: { b: 1 }, c: { d: null }, e: { f: true } })", "a b 1; e f yes"),
    ("details.detailWords(['P0301', 'P0420'])", "P0301, P0420"),
    ("details.detailWords(0, 'last_ns')", "1 Jan 1970, 05:30:00"),
    ("details.detailWords(Array(30).fill(1)).slice(-9)", "1, 6 more"),
    ("words.differenceWords(null)", "No sample has been answered by both yet."),
    ("heat.levelOf(-3, heat.LIMIT_STEPS)", 0),
    (
        "[0.05, 0.1, 0.3, 0.5, 1, 2].map((part) => heat.levelOf(part, heat.LIMIT_STEPS))",
        [0, 1, 2, 3, 4, 5],
    ),
    ("heat.cellsOf([0, 10, 20, 100])", [[-5, 5], [5, 15], [15, 25], [95, 105]]),
    ("heat.nearestMoment([0, 10, 20], 14)", 1),
    ("heat.nearestMoment([], 14)", -1),
    ("heat.keyMoment('ArrowLeft', [0, 10, 20], null)", 20),
    ("heat.keyMoment('ArrowRight', [0, 10, 20], 12)", 20),
    ("heat.keyMoment('ArrowRight', [0, 10, 20], 20)", 20),
    ("heat.keyMoment('Tab', [0, 10, 20], 20) === undefined", True),
    ("typed('', [0, 100])", {"kind": "empty"}),
    ("typed('740', [0, 100]).suggestion", "74"),
    ("typed('hot').kind", "bad"),
]


@pytest.mark.parametrize(("expression", "answer"), SAYS, ids=[one[0] for one in SAYS])
def test_a_module_says(js: Page, expression: str, answer: Any) -> None:
    said = js.evaluate(expression)
    if isinstance(answer, dict) and any(isinstance(value, float) for value in answer.values()):
        assert said == pytest.approx(answer)
    else:
        assert said == answer


def test_values_limits_and_entry_follow_the_chosen_units(js: Page) -> None:
    spec = "{ unit: 'degC', unit_symbol: '°C', decimals: 1, limits: { warn_above: 100 } }"
    said = js.evaluate(f"""() => {{
        settings.units.value = "imperial";
        const as = units.shown({spec});
        const said = [
            as.symbol, units.toShown(100, as), units.fromShown(212, as),
            values.withUnit(36.6, {spec}), findings.limitsText({spec}),
        ];
        settings.units.value = "metric";
        return said;
    }}""")
    assert said[0] == "°F"
    assert said[1:3] == pytest.approx([212.0, 100.0])
    assert said[3:] == ["97.9 °F", "warning above 212"]


@pytest.mark.parametrize("capacity", [1, 7, 64])
def test_a_ring_keeps_the_newest_samples_in_order_and_no_more(js: Page, capacity: int) -> None:
    said = js.evaluate(
        """(capacity) => {
            const it = new ring.Ring(capacity);
            for (let i = 0; i < 100; i += 1) it.push(i, { a: i, b: i % 2 ? i : null });
            it.push(50, { a: -1 }); // time does not go back
            return it.since(-Infinity);
        }""",
        capacity,
    )
    times = list(range(100 - capacity, 100))
    assert said["time_s"] == times
    assert said["columns"]["a"] == times
    assert said["columns"]["b"] == [t if t % 2 else None for t in times]


def test_a_backfill_does_not_lose_what_came_after_it(js: Page) -> None:
    said = js.evaluate("""() => {
        const it = new ring.Ring(10);
        it.push(5, { a: 5 });
        it.push(6, { a: 6 });
        it.load([1, 2, 5], { a: [1, 2, 5] });
        return [it.since(-Infinity), it.extent("a", 1), it.extent("gone", 0)];
    }""")
    assert said == [{"time_s": [1, 2, 5, 6], "columns": {"a": [1, 2, 5, 6]}}, [2, 6], None]


def test_a_view_of_history_survives_its_address(js: Page) -> None:
    said = js.evaluate("""() => {
        const one = {
            range: { from_s: 1763712000, to_s: 1763715600.5 }, last_s: 600, names: ["a", "b"],
            offset_s: 3600, form: "both", isJoined: true,
        };
        const path = view.viewPath("pump 3", one);
        return [one, view.readView(new URL(path, "http://x").searchParams)];
    }""")
    assert said[0] == said[1]


def test_lowest_and_highest_of_buckets_leave_no_gap_and_a_pause_of_three_does(js: Page) -> None:
    said = js.evaluate("""() => {
        const steps = Array.from({ length: 400 }, (_, i) => (i % 2 ? 23.9 : 0.04)); // of 12 s
        const live = Array(900).fill(0.1); // comes after them, as it is
        let at_s = 0;
        const time_s = Float64Array.from([0, ...steps, ...live].map((step) => (at_s += step)));
        const line = { time_s, value: time_s };
        const range = { from_s: 0, to_s: at_s + 36 };
        const pause_s = series.longestPause_s(line, 10, 12);
        const gaps = (now_s) => series.gapsIn(line, range, pause_s, now_s);
        return [gaps(at_s), gaps(at_s + 36).length, series.longestPause_s(line, 10)];
    }""")
    assert said == [[], 1, 10]


def test_a_heat_map_weighs_shares_by_the_score_and_puts_the_heaviest_input_first(js: Page) -> None:
    said = js.evaluate("""() => {
        const evidence = {
            inputs: ["a", "b"], time_ns: [1e9, 2e9], value: [0.4, null],
            share: [[0.25, 0.75], [0.5, 0.5]],
        };
        const { rows } = heat.heatModel(evidence, 2);
        return rows.map(({ name, parts, input }) => [name, parts, input]);
    }""")
    assert said == [
        ["b", [pytest.approx(0.15), None], 1],
        ["a", [pytest.approx(0.05), None], 0],
    ]
