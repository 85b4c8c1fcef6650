"""Named descriptors of sounds: timbre, harmony and rhythm in numbers, one shared Fourier transform a clip."""

from earmark.features.descriptors.describe import describe_dataset, describe_to, describe_waveforms
from earmark.features.descriptors.names import DESCRIPTOR_SETS, descriptor_group, descriptor_names, descriptor_unit
from earmark.features.descriptors.table import DescriptorTable

__all__ = [
    "DESCRIPTOR_SETS",
    "DescriptorTable",
    "describe_dataset",
    "describe_to",
    "describe_waveforms",
    "descriptor_group",
    "descriptor_names",
    "descriptor_unit",
]
