"""From the settings of a front end, as a card or a cache states them, to the module that computes it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

from earmark.errors import SettingError, UnknownNameError
from earmark.features.framed import Framed
from earmark.features.kaldi import LOW_HZ, KaldiMel
from earmark.features.log_stft import LogStft
from earmark.features.mel import LogMel
from earmark.features.mfcc import Mfcc

KINDS = ("log_mel", "log_stft", "mfcc", "kaldi")


@dataclass(frozen=True)
class FrontEndCard:
    """Settings of a front end: Hz and samples.

    Parameters
    ----------
    sample_rate, n_fft, hop_length : Hz, samples, samples.
    n_mels : mel bands; 0 for "log_stft", which has none.
    fmin, fmax : their range, Hz; for "log_stft" 0 and half the sample rate.
    pad_mode : how a centred waveform is padded, "reflect" or "constant".
    scaling : name in ``earmark.features.scaling.SCALINGS``; MFCC are always of "dB", Kaldi's mel always "ln".
    kind : which front end.
    n_mfcc : cepstral coefficients; 0 for the other kinds.
    """

    sample_rate: int
    n_fft: int
    hop_length: int
    n_mels: int
    fmin: float
    fmax: float
    pad_mode: Literal["reflect", "constant"]
    scaling: str
    kind: Literal["log_mel", "log_stft", "mfcc", "kaldi"] = "log_mel"
    n_mfcc: int = 0

    @property
    def bins(self) -> int:
        """Rows of the spectrogram that it makes."""
        return {"log_stft": self.n_fft // 2 + 1, "mfcc": self.n_mfcc}.get(self.kind, self.n_mels)

    @property
    def fingerprint(self) -> str:
        """sha256 over all settings: two cards that make different numbers have different fingerprints."""
        # 0 and 0.0 are the same setting.
        facts = asdict(self) | {"fmin": float(self.fmin), "fmax": float(self.fmax)}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def frames(self, seconds: float) -> int:
        """How many frames a sound of that many seconds has (centred ones, but for Kaldi's).

        Examples
        --------
        >>> FrontEndCard(22050, 2048, 512, 128, 0, 11025, "constant", "dB", "mfcc", 13).frames(3)
        130
        """
        beyond = self.n_fft if self.kind == "kaldi" else 0
        return 1 + (round(seconds * self.sample_rate) - beyond) // self.hop_length


def front_end_from(card: FrontEndCard) -> Framed | KaldiMel:
    """The front end that a card describes.

    Raises
    ------
    UnknownNameError
        For an unknown kind.
    SettingError
        If a setting is out of range, or has no meaning for that kind.
    """
    if card.kind not in KINDS:
        raise UnknownNameError("kind of front end", card.kind, KINDS)
    if card.kind != "mfcc" and card.n_mfcc != 0:
        raise SettingError(f"{card.kind} has no cepstral coefficients", remedy="Set n_mfcc to 0", where="front end")
    if card.kind == "kaldi":
        if (card.scaling, card.fmin, card.fmax) != ("ln", LOW_HZ, card.sample_rate / 2):
            raise SettingError(
                f"Kaldi's mel of {card.scaling}, {card.fmin:g}–{card.fmax:g} Hz",
                remedy=f"Set scaling to ln, fmin to {LOW_HZ:g} and fmax to {card.sample_rate / 2:g}",
                where="front end",
            )
        return KaldiMel(sample_rate=card.sample_rate, n_fft=card.n_fft, hop_length=card.hop_length, n_mels=card.n_mels)
    if card.kind == "log_stft":
        if (card.n_mels, card.fmin, card.fmax) != (0, 0, card.sample_rate / 2):
            raise SettingError(
                "log_stft has no mel bands and shows all frequencies",
                remedy=f"Set n_mels to 0, fmin to 0 and fmax to {card.sample_rate / 2:g}",
                where="front end",
            )
        return LogStft(
            sample_rate=card.sample_rate,
            n_fft=card.n_fft,
            hop_length=card.hop_length,
            pad_mode=card.pad_mode,
            scaling=card.scaling,
        )
    if card.kind == "mfcc":
        if card.scaling != "dB":
            raise SettingError(f"MFCC of {card.scaling}", remedy="Set scaling to dB", where="front end")
        return Mfcc(
            sample_rate=card.sample_rate,
            n_fft=card.n_fft,
            hop_length=card.hop_length,
            n_mfcc=card.n_mfcc,
            n_mels=card.n_mels,
            fmin=card.fmin,
            fmax=card.fmax,
            pad_mode=card.pad_mode,
        )
    return LogMel(
        sample_rate=card.sample_rate,
        n_fft=card.n_fft,
        hop_length=card.hop_length,
        n_mels=card.n_mels,
        fmin=card.fmin,
        fmax=card.fmax,
        pad_mode=card.pad_mode,
        scaling=card.scaling,
    )
