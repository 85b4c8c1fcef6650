"""Where a classifier computes."""

from __future__ import annotations

import pytest
import torch

from earmark.errors import SettingError
from earmark.models.device import torch_device

GPU = torch.cuda.is_available()


def test_names() -> None:
    assert torch_device("cpu").type == "cpu"
    assert torch_device("auto").type == ("cuda" if GPU else "cpu")
    with pytest.raises(SettingError, match="unknown device 'gpu'"):
        torch_device("gpu")
    with pytest.raises(SettingError, match="--device cpu or auto"):
        torch_device("cuda:99")
