"""The reader of TensorFlow checkpoints on the real ones, whole and damaged."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.errors import BundleError
from earmark.models.tf_checkpoint import crc32c, read_checkpoint
from earmark.models.zoo.tensorflow import Variables
from earmark.models.zoo.vgg import Vgg


@pytest.fixture(scope="session")
def checkpoint(wheel: Path) -> tuple[bytes, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        prefix = "musicnn/MTT_vgg/"
        return archive.read(f"{prefix}.index"), archive.read(f"{prefix}.data-00000-of-00001")


def small(name: str) -> bool:
    return name.startswith(("batch_normalization", "dense")) and "Adam" not in name


def test_names_and_shapes(checkpoint: tuple[bytes, bytes]) -> None:
    seen: list[str] = []
    variables = read_checkpoint(*checkpoint, where="w", wanted=lambda name: not seen.append(name) and small(name))
    assert len(seen) == 86
    assert variables["dense/kernel"].shape == (256, 50)
    assert variables["batch_normalization_5/gamma"].shape == (128,)
    assert {v.dtype for v in variables.values()} == {np.dtype("float32")}
    assert (variables["batch_normalization_2/moving_variance"] >= 0).all()
    scalar = read_checkpoint(*checkpoint, where="w", wanted=lambda name: name == "beta1_power")
    assert scalar["beta1_power"].shape == ()


def test_crc_of_the_standard() -> None:
    # RFC 3720, appendix B.4.
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_wrong_bit_of_the_index_is_noticed_or_harmless(
    checkpoint: tuple[bytes, bytes], place: float, bit: int
) -> None:
    index, data = checkpoint
    damaged = bytearray(index)
    damaged[int(place * len(index))] ^= 1 << bit
    bias = {"wanted": lambda name: name == "dense/bias", "where": "w"}
    whole = read_checkpoint(index, data, **bias)
    try:
        read = read_checkpoint(bytes(damaged), data, **bias)
    except BundleError:
        return
    # Only padding and the unused meta-index are not covered by a checksum.
    np.testing.assert_array_equal(read["dense/bias"], whole["dense/bias"])


def test_damaged_data(checkpoint: tuple[bytes, bytes]) -> None:
    index, data = checkpoint
    with pytest.raises(BundleError, match="lies outside"):
        read_checkpoint(index, data[:1000], where="w", wanted=small)
    bad = bytearray(data)
    for place in range(0, len(bad), 64):
        bad[place] ^= 1
    with pytest.raises(BundleError, match="fails its checksum"):
        read_checkpoint(index, bytes(bad), where="w", wanted=small)


@pytest.mark.parametrize("index", [b"", b"short", bytes(4096), b"\xff" * 100])
def test_what_is_no_index(index: bytes) -> None:
    with pytest.raises(BundleError, match="w: not a TensorFlow checkpoint"):
        read_checkpoint(index, b"", where="w")


def test_missing_variable_is_named(checkpoint: tuple[bytes, bytes]) -> None:
    variables = read_checkpoint(*checkpoint, where="w", wanted=small)
    pools = [[1, 4, 2, 2], [2, 2, 2, 2], [2, 2, 2, 2], [2, 2, 2, 2], [4, 4, 4, 4]]
    with pytest.raises(BundleError, match="1CNN/kernel"):
        Vgg.from_settings(50, {"pools": pools}).load_tensorflow(Variables(variables, "w"))
