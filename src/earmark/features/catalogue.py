"""Front ends by name, as the reference models have them."""

from __future__ import annotations

from earmark.features.front_end import FrontEndCard
from earmark.registry import Registry

# 13 and 40 coefficients: Landschoot (2022), and the ALE study of the same year.
MFCC_13 = FrontEndCard(22050, 2048, 512, 128, 0.0, 11025.0, "constant", "dB", "mfcc", 13)
MFCC_40 = FrontEndCard(22050, 2048, 512, 128, 0.0, 11025.0, "constant", "dB", "mfcc", 40)
# Kong et al. (2020), PANNs.
MEL_64 = FrontEndCard(32000, 1024, 320, 64, 50.0, 14000.0, "reflect", "dB")
STFT_257 = FrontEndCard(16000, 512, 256, 0, 0.0, 8000.0, "reflect", "dB", "log_stft")
# Choi et al. (2017), CRNN.
MEL_96 = FrontEndCard(12000, 512, 256, 96, 0.0, 6000.0, "reflect", "dB")

FRONT_ENDS: Registry[FrontEndCard] = Registry("front end")
FRONT_ENDS.add("mfcc13", f"{__name__}:MFCC_13", "13 MFCC at 22 050 Hz, frames of 2048, hop 512 (cnn, cnn_lstm)")
FRONT_ENDS.add("mfcc40", f"{__name__}:MFCC_40", "40 MFCC at 22 050 Hz, frames of 2048, hop 512")
FRONT_ENDS.add("mel64", f"{__name__}:MEL_64", "64 mel bands, 50–14 000 Hz, dB, at 32 000 Hz, hop 320 (cnn14)")
FRONT_ENDS.add("stft257", f"{__name__}:STFT_257", "257 bins, dB, at 16 000 Hz, hop 256 (cnn14)")
FRONT_ENDS.add("mel96", f"{__name__}:MEL_96", "96 mel bands, dB, at 12 000 Hz, hop 256 (crnn)")
