"""A waveform reads as it was written, in every format, and broken or hostile files are refused."""

from __future__ import annotations

import contextlib
import json
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from telltale.errors import DecodeError, TooLargeError
from telltale.formats import waveforms
from telltale.formats.waveform_wav import FLOAT, PCM
from telltale.formats.waveforms import read_waveform
from tests.formats.waveform_files import npy, riff, wav

FINITE = st.floats(-1e6, 1e6, allow_nan=False)
SAMPLES = arrays.arrays(np.float64, st.integers(1, 300), elements=FINITE)
SIZES = arrays.arrays(np.float64, st.integers(1, 300), elements=st.floats(-1.0, 1.0))
FORM = struct.pack("<HHIIHH", PCM, 1, 8000, 16_000, 2, 16)
NOISE = np.random.default_rng(1).normal(size=60_000)


@given(SAMPLES)
def test_json_reads_as_it_was_written(samples: np.ndarray) -> None:
    read = read_waveform(json.dumps(samples.tolist()).encode())
    np.testing.assert_array_equal(read.samples, samples)
    assert (read.rate_hz, read.is_scaled) == (None, False)


@given(SAMPLES, st.sampled_from(["<f4", "<f8", ">f4", ">f8", "<i2", ">i2"]))
def test_npy_reads_as_it_was_written(samples: np.ndarray, kind: str) -> None:
    kept = (np.clip(samples, -3e4, 3e4) if "i" in kind else samples).astype(kind)
    read = read_waveform(npy(kept))
    np.testing.assert_array_equal(read.samples, kept.astype(np.float64))
    assert read.is_scaled == ("i" in kind)


@given(SAMPLES, st.sampled_from(["", "de_g\n", "\ufeffvibration [g]\r\n"]), st.booleans())
def test_csv_of_one_column_reads_as_it_was_written(
    samples: np.ndarray, head: str, is_dos: bool
) -> None:
    end = "\r\n" if is_dos else "\n"
    body = head + "".join(f"{value!r}{end}" for value in samples.tolist())
    np.testing.assert_array_equal(read_waveform(body.encode()).samples, samples)


@given(
    SIZES,
    st.sampled_from([(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)]),
    st.booleans(),
)
def test_wav_reads_as_it_was_written(
    samples: np.ndarray, kind: tuple[int, int], extensible: bool
) -> None:
    read = read_waveform(wav(samples, 25_600, *kind, extensible=extensible))
    step = 2.0 ** (2 - kind[1]) if kind[0] == PCM else 1e-7
    np.testing.assert_allclose(read.samples, samples, atol=2.0 * step)
    assert (read.rate_hz, read.is_scaled) == (25_600.0, kind[0] == PCM)


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"[", b"\x93NUMPY\x01\x00", b"RIFF\0\0\0\0WAVE"])
)
def test_whatever_bytes_come_they_are_samples_or_a_decode_error(rest: bytes, start: bytes) -> None:
    with contextlib.suppress(DecodeError):  # whatever else is raised fails
        samples = read_waveform(start + rest).samples
        assert len(samples)
        assert np.isfinite(samples).all()


@given(st.data())
def test_a_file_cut_anywhere_is_refused_or_gives_its_first_samples(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([npy(NOISE[:50]), wav(NOISE[:50] / 9.0, 8000)]))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(DecodeError):
        read_waveform(whole[:cut])


def test_long_text_is_read_in_pieces() -> None:
    body = json.dumps(NOISE.tolist()).encode()
    assert len(body) > 2 * waveforms.PIECE_BYTES
    np.testing.assert_array_equal(read_waveform(body).samples, NOISE)
    text = "\n".join(map(repr, NOISE.tolist())).encode()
    np.testing.assert_array_equal(read_waveform(text).samples, NOISE)


def test_one_channel_of_several_is_taken_when_it_is_named() -> None:
    both = np.stack([np.arange(5.0), np.arange(5.0) + 10.0], axis=1)
    np.testing.assert_array_equal(read_waveform(npy(both), channel=2).samples, both[:, 1])
    stereo = read_waveform(wav(both / 20.0, 8000, FLOAT, 64), channel=1)
    np.testing.assert_array_equal(stereo.samples, both[:, 0] / 20.0)
    np.testing.assert_array_equal(read_waveform(npy(both[:1].repeat(9, 1))).samples.shape, (18,))
    for body in (npy(both[:, 0]), b"[1, 2]", b"1\n2\n"):
        with pytest.raises(DecodeError, match=r"has 1 channel\. Say channel=1, or leave it out"):
            read_waveform(body, channel=2)
    for channel in (None, 0, 3):
        with pytest.raises(DecodeError, match=r"2 channels\. Say which one"):
            read_waveform(npy(both), channel=channel)


class Bomb:
    """Says so, when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("a pickle was run",))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "is empty"),
        (b"[]", "no sample"),
        (b"[1, 2", "does not end"),
        (b"[1,,2]", "no array of numbers"),
        (b"[1,[2]]", "no array of numbers"),
        (b'[1,"2"]', "no array of numbers"),
        (b"[1,null]", "no array of numbers"),
        (b"1\nnan\n3\n", "1 of 3 samples are no numbers .* the first at 2"),
        (b"a,b\n1,2\n", "one column"),
        (b"0,5\n0,7\n", "decimal point"),
        (b"1\n2 3\n", "Line 2 of the column"),
        (npy(np.array([Bomb()], dtype=object)), "float32, float64 and int16 are read, objects"),
        (pickle.dumps(Bomb()), "none of a JSON array"),
        (npy(np.zeros(3, dtype=complex)), "complex128"),
        (npy(np.zeros((2, 2, 2))), "Save one array of shape"),
        (npy(np.zeros(0)), "no sample"),
        (npy(np.zeros((0, 1))), "no sample"),
        (npy(np.zeros((1, 0))), "no sample"),
        (npy(np.array(1.0)), "Save one array"),
        (npy(np.zeros(9)).replace(b"(9,)", b"(9,  "), "header cannot be read"),
        (npy(np.array([1.0, np.inf])), "1 of 2 samples are no numbers"),
        (b"MATLAB 5.0 MAT-file, made by", "MATLAB files are not read"),
        (riff([(b"fmt ", FORM)]), "no data chunk"),
        (riff([(b"data", b"12")]), "before its format"),
        (riff([(b"fmt ", FORM[:8]), (b"data", b"12")]), "too short"),
        (riff([(b"fmt ", FORM), (b"data", b"123")]), "no whole number of frames"),
        (riff([(b"fmt ", FORM.replace(b"\x10\x00", b"\x0c\x00")), (b"data", b"12")]), "12 bits"),
        (riff([(b"fmt ", FORM[:12] + b"\x07\x00\x10\x00"), (b"data", b"12")]), "contradicts"),
    ],
)
def test_what_is_no_waveform_is_refused_with_the_reason(body: bytes, told: str) -> None:
    with pytest.raises(DecodeError, match=told):
        read_waveform(body)


@pytest.mark.parametrize("declared", [2**32 - 1, 2**31, 1_000_000])
def test_a_wav_that_declares_gigabytes_costs_no_memory(declared: int) -> None:
    body = riff([(b"fmt ", FORM), (b"data", b"1234")], declared)
    tracemalloc.start()
    with pytest.raises(DecodeError, match=f"declares {declared:,} bytes and 4 are there"):
        read_waveform(body)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 100_000


def test_an_npy_that_declares_gigabytes_costs_no_memory() -> None:
    body = npy(np.zeros(4)).replace(b"(4,)", b"(4294967296,)").replace(b"         \n", b"\n", 1)
    tracemalloc.start()
    with pytest.raises(DecodeError, match=r"declares shape|header cannot be read"):
        read_waveform(body)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 100_000


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLargeError, match="16,777,216 are taken"):
        read_waveform(bytes(waveforms.MAX_BYTES + 1))
    monkeypatch.setattr(waveforms, "MAX_SAMPLES", 10)
    with pytest.raises(TooLargeError, match="more than 10 samples"):
        read_waveform(npy(np.ones(11)))
