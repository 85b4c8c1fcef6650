"""Joint classifiers: the two halves, missing lyrics, bundles; AST ⊕ RoBERTa with tiny random weights."""

import json

import numpy as np
import pytest
import torch
from transformers import ASTConfig, ASTForAudioClassification, RobertaConfig, RobertaModel, RobertaTokenizerFast

from earmark.audio.clip import Clip
from earmark.audio.write import write
from earmark.components.lyrics import MusicAndLyrics
from earmark.components.time import Time
from earmark.data.lyrics.lyrics import lyrics_from_text
from earmark.data.open import open_dataset
from earmark.data.splits import split_by_group
from earmark.errors import BundleError, CapabilityError, DatasetError, SettingError
from earmark.explain.case import open_case
from earmark.models.audio_encoder import AudioEncoder, audio_encoder
from earmark.models.bundle import Bundle, save_bundle
from earmark.models.card import Card
from earmark.models.classifier import Classifier, ReadsLyrics
from earmark.models.joint import JointClassifier, joint_bundle
from earmark.models.load import load_model
from earmark.models.predict import predict
from earmark.models.recipe import recipe
from earmark.models.text.tfidf import Tfidf
from earmark.models.zoo.cnn import DEFAULTS
from earmark.models.zoo.joint import Joint
from earmark.training.assess import assess
from earmark.training.fit import fit
from earmark.training.settings import FitSettings

RATE = 22050
TEXTS = ["sun and rain", "rain on me", "the sun the moon", "moon over me"]


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """The folder of a cnn with random weights, over 3 s of sound at 22.05 kHz."""
    from earmark.training.start import fresh

    folder = tmp_path_factory.mktemp("models") / "cnn"
    network = fresh("cnn", 3, DEFAULTS.settings, 0)
    card = Card("cnn", "cnn", dict(DEFAULTS.settings), ("x", "y", "z"), "softmax", DEFAULTS.front_end)
    save_bundle(Bundle(card, dict(network.state_dict())), folder)
    return folder


@pytest.fixture(scope="module")
def joint(tagger, tmp_path_factory):
    """A joint classifier with random heads on that cnn and TF-IDF, as read from its bundle."""
    audio, text = audio_encoder(str(tagger)), Tfidf.fitted(TEXTS, {"least_texts": 1})
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = Joint(2, audio=audio.width, text=text.width)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter)
    folder = tmp_path_factory.mktemp("models") / "joint"
    card = Card("joint", "joint", {}, ("a", "b"), "softmax")
    save_bundle(joint_bundle(card, audio, text, network), folder)
    return load_model(folder)


@pytest.fixture(scope="module")
def sounds():
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.standard_normal((3, 1, 6 * RATE + 2048)).astype(np.float32) / 10)


def test_the_audio_side_is_the_mean_over_slices_of_what_the_last_layer_takes(tagger, sounds):
    encoder = audio_encoder(str(tagger))
    classifier = encoder.classifier
    slices = classifier.slices(sounds[:1])[0]
    assert len(slices) == 2
    rows = encoder.embed(sounds[:1])
    layers = dict(classifier.network.named_modules())
    last = [layer for layer in layers.values() if isinstance(layer, torch.nn.Linear)][-1]
    seen = []
    handle = last.register_forward_hook(lambda _, inputs, output: seen.append(inputs[0]))
    classifier.network(slices)
    handle.remove()
    torch.testing.assert_close(rows[0], seen[0].mean(0))
    assert (encoder.width, encoder.card.layer) == (rows.shape[1], "penultimate")


def test_scores_are_the_head_of_the_two_halves(joint, sounds):
    assert isinstance(joint, JointClassifier | ReadsLyrics | Classifier)
    audio = joint.audio_embedding(sounds)
    text = joint.text_embedding(["sun and rain", None, ""])
    assert text[1].isnan().all()
    assert not text[[0, 2]].isnan().any()
    scores = joint.head(audio, text)
    for row, words in enumerate(("sun and rain", None, "")):
        alone = joint.with_lyrics(words).scores(sounds[row : row + 1])
        torch.testing.assert_close(alone[0], scores[row])
        clip = Clip(sounds[row].numpy(), RATE, lyrics=words)
        np.testing.assert_allclose(predict(clip, joint), scores[row], atol=1e-6)


def test_the_head_is_the_published_one_on_standardised_halves(joint, sounds):
    network = joint.network
    audio, text = joint.audio_embedding(sounds), joint.text_embedding(TEXTS[:3])
    halves = torch.cat([network.audio_norm(audio), network.text_norm(text)], 1)
    layer = network.heads["joint"]
    normed = (halves - halves.mean(1, keepdim=True)) / (halves.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
    logits = (normed * layer.norm.weight + layer.norm.bias) @ layer.out.weight.T + layer.out.bias
    torch.testing.assert_close(joint.head(audio, text), torch.softmax(logits.double(), 1), atol=1e-5, rtol=1e-4)


def test_before_it_has_learnt_it_favours_nobody():
    network = Joint(3, audio=4, text=5)
    rows = torch.randn(6, 10, generator=torch.Generator().manual_seed(0))
    for modality in ("joint", "audio", "text"):
        assert not network(rows, modality).any()


def test_half_heads_see_their_half_alone(joint, sounds):
    audio, text = joint.audio_embedding(sounds), joint.text_embedding(TEXTS[:3])
    for modality, changed in (("audio", (audio, text.flip(0))), ("text", (audio.flip(0), text))):
        assert torch.equal(joint.head(audio, text, modality), joint.head(*changed, modality))
        assert not torch.equal(joint.head(audio, text), joint.head(*changed))
        half = joint.half(modality)
        bound = half.with_lyrics(TEXTS[0])
        torch.testing.assert_close(bound.scores(sounds[:1]), joint.head(audio, text, modality)[:1])
        assert half.fingerprint != joint.fingerprint
        assert modality in half.name


def test_without_words_nothing_is_scored_silently(joint, sounds):
    with pytest.raises(CapabilityError, match="with its words, which are not given"):
        joint.scores(sounds)
    with pytest.raises(SettingError, match="unknown modality 'words'"):
        joint.head(joint.audio_embedding(sounds), joint.text_embedding([None] * 3), "words")
    prints = {joint.with_lyrics(words).fingerprint for words in ("a", "b", None, "None")}
    assert len(prints) == 4


def test_what_has_no_embedding_is_refused(joint):
    from earmark.models.callable import from_callable

    function = from_callable(lambda x, rate: np.full((len(x), 2), 0.5), ["a", "b"], 8000)
    with pytest.raises(SettingError, match="no network over spectrograms"):
        AudioEncoder(function, "callable")


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """48 sounds of 3.1 s: "high" hisses and "low" hums, or both do a little and one word says it."""
    folder = tmp_path_factory.mktemp("planted")
    rng = np.random.default_rng(0)
    t = np.arange(int(3.1 * RATE)) / RATE
    rows = []
    for number in range(48):
        label, by_word = ("low", "high")[number % 2], number % 4 < 2
        tone, hiss = (0.2, 0.01) if by_word else ((0.2, 0.0), (0.0, 0.2))[number % 2]
        sound = tone * np.sin(2 * np.pi * 150 * t) + hiss * rng.standard_normal(len(t))
        write(Clip(sound, RATE), folder / f"{number}.wav")
        word = ("cellar", "tower")[number % 2] if by_word else "house"
        words = f"walking to the {word} again" if number not in (2, 7) else ""
        rows.append(f"{number}.wav,{label},song {number},{words}")
    (folder / "manifest.csv").write_text("\n".join(["path,label,artist,lyrics", *rows]), encoding="utf-8")
    return open_dataset(folder)


def test_training_shows_what_each_half_knows(planted, tagger, tmp_path, monkeypatch):
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))
    split = split_by_group(planted, fractions=(0.5, 0.25, 0.25), seed=1)
    said = []
    settings = FitSettings(
        epochs=12, patience=0, learning_rate=0.03, batch_size=8, model={"audio": str(tagger), "text": "tfidf"}
    )
    fitted = fit("joint", planted, split, folder=tmp_path / "joint", settings=settings, say=said.append)
    figures = fitted.card.training.figures
    assert figures["validation_accuracy"] > 0.9
    assert figures["validation_accuracy_audio_only"] < 0.8
    assert figures["validation_accuracy_text_only"] < 0.8
    assert figures["training_items_without_lyrics"] == sum(planted.items[i].lyrics is None for i in split.train)
    assert any("items have no lyrics" in line for line in said)
    classifier = load_model(tmp_path / "joint")
    found = assess(classifier, planted, split, draws=100, folder=tmp_path / "joint")
    beside = {row.name: row.scores.accuracy.value for row in found.baselines}
    assert found.clips.accuracy.value > max(beside["its audio-only head"], beside["its text-only head"]) + 0.1
    assert {"most frequent class", "logistic regression on descriptors"} < set(beside)


def test_training_needs_some_lyrics_and_known_settings(planted, tagger, tmp_path):
    from dataclasses import replace

    bare = replace(planted, items=tuple(replace(item, lyrics=None) for item in planted.items))
    model = {"audio": str(tagger), "text": "tfidf"}
    with pytest.raises(DatasetError, match="no training item has lyrics"):
        fit("joint", bare, split_by_group(bare), folder=tmp_path / "a", settings=FitSettings(model=model))
    with pytest.raises(DatasetError, match="items have no lyrics"):
        fit("tfidf", planted, split_by_group(planted), folder=tmp_path / "b")
    settings = FitSettings(model={**model, "sound": "x"})
    with pytest.raises(SettingError, match="no setting sound"):
        fit("joint", planted, split_by_group(planted), folder=tmp_path / "c", settings=settings)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A tiny AST and a tiny RoBERTa with random weights, in folders as transformers writes them."""
    from tokenizers import ByteLevelBPETokenizer

    root = tmp_path_factory.mktemp("folders")
    small = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    learnt = ByteLevelBPETokenizer()
    learnt.train_from_iterator(TEXTS, vocab_size=280, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    RobertaTokenizerFast(tokenizer_object=learnt._tokenizer).save_pretrained(root / "roberta")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        RobertaModel(RobertaConfig(vocab_size=280, max_position_embeddings=258, **small)).save_pretrained(
            root / "roberta"
        )
        ast = ASTConfig(max_length=128, num_mel_bins=128, num_labels=5, **small)
        ASTForAudioClassification(ast).save_pretrained(root / "ast")
    extractor = {"sampling_rate": 16000, "do_normalize": True, "mean": -4.27, "std": 4.57}
    (root / "ast" / "preprocessor_config.json").write_text(json.dumps(extractor))
    return root


def test_ast_and_roberta_by_name(folders, planted, tmp_path):
    split = split_by_group(planted, fractions=(0.5, 0.25, 0.25), seed=1)
    settings = FitSettings(
        epochs=2, patience=0, model={"audio": str(folders / "ast"), "text": str(folders / "roberta")}
    )
    fitted = fit("joint_ast_roberta", planted, split, folder=tmp_path / "joint", settings=settings)
    again = fit("joint_ast_roberta", planted, split, folder=tmp_path / "again", settings=settings)
    assert again.card.weights_sha256 == fitted.card.weights_sha256
    classifier = load_model(tmp_path / "joint")
    assert classifier.network.widths == (24, 24)
    assert classifier.card.text.settings["tokens"] == 256
    assert classifier.card.text.settings["lower"] is True
    assert classifier.input.sample_rate == 16000
    waves = torch.randn(2, 1, 3 * 16000, generator=torch.Generator().manual_seed(0)) / 10
    # 3 s are two windows of 1.28 s; each counts the same.
    parts = [classifier.audio_embedding(waves[..., n * 20480 : (n + 1) * 20480 + 240]) for n in range(2)]
    torch.testing.assert_close(classifier.audio_embedding(waves), sum(parts) / 2, atol=1e-4, rtol=1e-3)
    upper, lower = classifier.text_embedding(["SUN Rain", "sun rain"])
    assert torch.equal(upper, lower)
    assert classifier.audio.width + classifier.text.width == classifier.network.heads["joint"].norm.normalized_shape[0]
    song = Clip(waves[0].numpy(), 16000, lyrics="sun and rain\nroad")
    case = open_case(song, classifier, MusicAndLyrics.of(Time(n=2), lyrics_from_text(song.lyrics), unit="line"))
    found = case.explain("shapley", targets=1)
    assert [part.word is not None for part in found.components] == [False, False, True, True]
    assert (found.evaluations, found.exact) == (16, True)
    assert found.attributions.sum(1) == pytest.approx(found.full - found.base)
    assert np.abs(found.attributions).min() > 0
    weights = folders / "ast" / "model.safetensors"
    raw = weights.read_bytes()
    weights.write_bytes(raw[:-4] + bytes(4))
    try:
        with pytest.raises(BundleError, match="trained on another"):
            load_model(tmp_path / "joint")
    finally:
        weights.write_bytes(raw)


def test_the_published_configuration_by_name():
    settings = recipe("joint_ast_roberta").settings
    assert settings["audio"] == "ast-finetuned-audioset-10-10-0.4593"
    assert settings["text_settings"] == {"pooling": "first", "tokens": 256, "lower": True}
    assert recipe("joint").settings == {"audio": "musicnn-msd", "text": "sentence"}
