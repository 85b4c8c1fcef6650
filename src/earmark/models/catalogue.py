"""What there is: pre-trained models to fetch, architectures that a bundle can name, recipes to train by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from earmark.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from earmark.models.musicnn_wheel import Pretrained
    from earmark.models.recipe import Recipe


class Architecture(Protocol):
    """A network that a bundle can name: spectrogram of a slice (or row of descriptors) → logits."""

    @property
    def bins(self) -> int:
        """Bins of a spectrogram, or columns of a row."""
        ...

    @property
    def frames(self) -> int:
        """Frames of a slice; 0 for a network over rows."""
        ...

    @property
    def cam_layers(self) -> tuple[str, ...]:
        """Layers fit for class activation maps, the deepest last."""
        ...

    @classmethod
    def from_settings(cls, labels: int, settings: Mapping[str, object]) -> Architecture:
        """An untrained network; ``ValueError`` where the settings make no sense."""
        ...

    def __call__(self, spectrogram: Tensor) -> Tensor:
        """Spectrograms ``(B, bins, frames)``, or rows ``(B, bins)``, → logits ``(B, labels)``."""
        ...


ARCHITECTURES: Registry[type[Architecture]] = Registry("architecture")
ARCHITECTURES.add(
    "musicnn", "earmark.models.zoo.musicnn:Musicnn", "timbral and temporal filters, pooling over time (Pons 2018)"
)
ARCHITECTURES.add("vgg", "earmark.models.zoo.vgg:Vgg", "five 3 × 3 convolutions with max pooling (Choi 2016)")
ARCHITECTURES.add("mlp", "earmark.models.zoo.mlp:Mlp", "dense layers over descriptors (Ben Baccar & Rahis 2021)")
ARCHITECTURES.add("cnn", "earmark.models.zoo.cnn:Cnn", "three convolutions over MFCCs of 3 s (Landschoot 2022)")
ARCHITECTURES.add(
    "cnn_lstm", "earmark.models.zoo.cnn_lstm:CnnLstm", "a trained cnn, continued by three bidirectional LSTMs (2024)"
)
ARCHITECTURES.add(
    "crnn", "earmark.models.zoo.crnn:Crnn", "four convolutions and two GRUs over half a minute (Choi 2017)"
)
ARCHITECTURES.add("cnn_mel", "earmark.models.zoo.cnn_mel:CnnMel", "four convolutions over mel bands, for short sounds")
ARCHITECTURES.add(
    "cnn14", "earmark.models.zoo.cnn14:Cnn14", "twelve convolutions, pooled over frequency and time (PANNs, Kong 2020)"
)
ARCHITECTURES.add(
    "vgg16", "earmark.models.zoo.vgg16:Vgg16", "thirteen convolutions, from ImageNet where you have the weights (2015)"
)
ARCHITECTURES.add(
    "ast", "earmark.models.zoo.ast:Ast", "audio spectrogram transformer (Gong, Chung & Glass 2021)", extra="huggingface"
)

RECIPES: Registry[Recipe] = Registry("model")
RECIPES.add("mlp", "earmark.models.zoo.mlp:DEFAULTS", "85-75-65-55-45-35-25 over the 85 reference descriptors")
RECIPES.add("mlp_30", "earmark.models.zoo.mlp:MLP_30", "its sister over the means of 30 MFCCs")
RECIPES.add("mlp_42", "earmark.models.zoo.mlp:MLP_42", "… and the means of 12 chroma")
RECIPES.add("mlp_60", "earmark.models.zoo.mlp:MLP_60", "… over means and deviations of 30 MFCCs")
RECIPES.add("mlp_87", "earmark.models.zoo.mlp:MLP_87", "… over the 85 and the zero-crossing rate")
RECIPES.add("mlp_89", "earmark.models.zoo.mlp:MLP_89", "… and the roll-off")
RECIPES.add("mlp_89_centroid", "earmark.models.zoo.mlp:MLP_89_CENTROID", "… or the centroid")
RECIPES.add("mlp_full", "earmark.models.zoo.mlp:MLP_FULL", "128 units over all 413 descriptors")
RECIPES.add("cnn", "earmark.models.zoo.cnn:DEFAULTS", "three convolutions over 13 MFCCs, 3 s")
RECIPES.add("cnn_lstm", "earmark.models.zoo.cnn_lstm:DEFAULTS", "a trained cnn, continued by three LSTMs")
RECIPES.add("crnn", "earmark.models.zoo.crnn:DEFAULTS", "four convolutions and two GRUs over 96 mel bands, 29 s")
RECIPES.add(
    "cnn_mel", "earmark.models.zoo.cnn_mel:DEFAULTS", "four convolutions over 64 mel bands, 3.6 s: short sounds"
)
RECIPES.add("cnn14", "earmark.models.zoo.cnn14:DEFAULTS", "Cnn14 over 64 mel bands at 32 kHz, 5 s")
RECIPES.add("cnn14_stft", "earmark.models.zoo.cnn14:DEFAULTS_STFT", "Cnn14 over 257 STFT bins at 16 kHz, 5 s")
RECIPES.add("vgg16", "earmark.models.zoo.vgg16:DEFAULTS", "VGG16 over 128 mel bands, 3 s; gradual thawing")
RECIPES.add("ast", "earmark.models.zoo.ast:DEFAULTS", "AST over 128 mel bands of Kaldi, 10.24 s", extra="huggingface")
RECIPES.add("probe", "earmark.models.zoo.probe:DEFAULTS", "a head on a pre-trained tagger: what works on small data")
RECIPES.add("logreg", "earmark.models.estimators:LOGREG", "logistic regression over descriptors", extra="train")
RECIPES.add("svm", "earmark.models.estimators:SVM", "support vectors (RBF) over descriptors", extra="train")
RECIPES.add("random_forest", "earmark.models.estimators:RANDOM_FOREST", "random trees over descriptors", extra="train")
RECIPES.add(
    "hist_gradient_boosting",
    "earmark.models.estimators:HIST_GRADIENT_BOOSTING",
    "boosted trees over descriptors",
    extra="train",
)
RECIPES.add("tfidf", "earmark.models.text.recipes:TFIDF", "logistic regression over words of lyrics", extra="train")
RECIPES.add("sentence", "earmark.models.text.recipes:SENTENCE", "… over sentence embeddings of lyrics", extra="text")
RECIPES.add(
    "text", "earmark.models.text.recipes:TEXT", "… over a text model of transformers in a folder of yours", extra="text"
)
RECIPES.add("joint", "earmark.models.zoo.joint:JOINT", "a tagger and sentence embeddings, joined", extra="text")
RECIPES.add(
    "joint_ast_roberta", "earmark.models.zoo.joint:AST_ROBERTA", "AST and RoBERTa-large, from folders", extra="text"
)

PRETRAINED: Registry[Pretrained] = Registry("pre-trained model")
PRETRAINED.add(
    "musicnn-msd",
    "earmark.models.musicnn_wheel:MUSICNN_MSD",
    "50 Last.fm tags (rock, jazz, electronic, Hip-Hop, 80s …), trained on the Million Song Dataset",
)
PRETRAINED.add(
    "musicnn-mtt",
    "earmark.models.musicnn_wheel:MUSICNN_MTT",
    "50 MagnaTagATune tags (guitar, techno, female voice, harpsichord …)",
)
PRETRAINED.add(
    "vgg-msd", "earmark.models.musicnn_wheel:VGG_MSD", "the tags of musicnn-msd by plain 3 × 3 convolutions, faster"
)
PRETRAINED.add(
    "vgg-mtt", "earmark.models.musicnn_wheel:VGG_MTT", "the tags of musicnn-mtt by plain 3 × 3 convolutions, faster"
)
