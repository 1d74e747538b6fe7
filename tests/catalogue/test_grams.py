"""Short texts are weighed as scikit-learn weighs them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.catalogue.grams import Grams

WORDS = {"ngram_range": (1, 2), "token_pattern": r"\S+"}
CHARACTERS = {"analyzer": "char_wb", "ngram_range": (2, 4)}
TEXTS = ["cap lai giay khai sinh", "doi bang lai xe", "dang ky ket hon", "giay phep lai do", "khai sinh khai sinh"]
VIEWS = {str(kind): (kind, TfidfVectorizer(**kind, sublinear_tf=True).fit(TEXTS)) for kind in (WORDS, CHARACTERS)}


@pytest.mark.parametrize("view", VIEWS)
@given(said=st.lists(st.sampled_from([*" ".join(TEXTS).split(), "la", "x"]), max_size=12).map(" ".join))
def test_a_text_is_weighed_as_the_vectorizer_weighs_it(view, said):
    kind, vectorizer = VIEWS[view]
    made = Grams.fitted(kind, vectorizer)
    for grams in (made, Grams.of_arrays(kind, made.arrays())):
        columns, weights = grams.weigh(said)
        row = np.zeros(grams.size)
        row[columns] = weights
        assert np.allclose(row, vectorizer.transform([said]).toarray().ravel(), atol=1e-12)
