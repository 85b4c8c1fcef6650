"""The kinds of data sets that can be opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from earmark.data.dataset import Dataset
from earmark.registry import Registry

DATASETS: Registry[Callable[[Path], Dataset]] = Registry("kind of data set")
DATASETS.add("folder", "earmark.data.folder:load_folder", "a folder per class")
DATASETS.add(
    "manifest", "earmark.data.manifest:load_manifest", "a table path,label[,start,end,track,lyrics,…], CSV or Parquet"
)
DATASETS.add(
    "manifest_emotion",
    "earmark.data.manifest:load_manifest_emotion",
    "the same with emotion from its columns valence and energy",
)
DATASETS.add(
    "descriptors",
    "earmark.data.feature_table:load_feature_table",
    "a table of descriptors instead of sounds: id,label and columns of numbers, CSV or Parquet",
)
DATASETS.add("gtzan", "earmark.data.gtzan:load_gtzan", "GTZAN, either layout; ten genres")
DATASETS.add("esc50", "earmark.data.esc50:load_esc50", "ESC-50; folds and source recordings from the file names")
DATASETS.add("esc10", "earmark.data.esc50:load_esc10", "the ten classes of ESC-10, in ESC-50 or by themselves")
DATASETS.add(
    "speech_commands", "earmark.data.speech_commands:load_speech_commands", "Speech Commands; published split, speakers"
)
DATASETS.add("music4all", "earmark.data.music4all:load_music4all", "Music4All and alike: sound, lyrics, genre")
DATASETS.add(
    "music4all_emotion",
    "earmark.data.music4all:load_music4all_emotion",
    "the same with emotion from valence and energy",
)
DATASETS.add("audioset", "earmark.data.audioset:load_audioset", "AudioSet's segment lists over a folder of sounds")
