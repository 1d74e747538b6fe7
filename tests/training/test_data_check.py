import pytest

from bot.training.data_check import check_training_data

GOOD = """version: "3.1"
nlu:
- intent: fee
  examples: |
    - lệ phí bao nhiêu
    - hết mấy đồng
- intent: code
  examples: |
    - PA-AAAA-BBBB-CCCC
    - PA-DDDD-EEEE-FFFF
"""
INTENTS = {"fee", "code"}
HELD_OUT = ["làm căn cước cho bé dưới sáu tuổi phải đóng bao nhiêu tiền"]


@pytest.fixture
def check(tmp_path):
    def run(content, held_out=HELD_OUT):
        (tmp_path / "a.yml").write_text(content, encoding="utf-8")
        return check_training_data(tmp_path, INTENTS, held_out)

    return run


def test_right_data_has_no_problem(check):
    assert check(GOOD) == []


@pytest.mark.parametrize(
    "before, after, problem",
    [
        ("hết mấy đồng", "Le phi bao nhieu?", "a.yml:6: 'Le phi bao nhieu?' stands already in a.yml:5"),
        (
            "- PA-AAAA-BBBB-CCCC",
            "- lệ phí bao nhiêu",
            "a.yml:9: 'lệ phí bao nhiêu' stands already in intent 'fee', a.yml:5",
        ),
        ("intent: fee", "intent: fees", "a.yml:5: intent 'fees' is not in domain.yml"),
        ("    - lệ phí bao nhiêu\n    - hết mấy đồng\n", "    -\n", "a.yml:3: intent 'fee' has no sentence"),
        (
            "hết mấy đồng",
            "lam can cuoc cho be duoi sau tuoi phai dong bao nhieu tien",
            "a.yml:6: 'lam can cuoc cho be duoi sau tuoi phai dong bao nhieu tien' is a message of the blind set",
        ),
        (
            "hết mấy đồng",
            "làm căn cước cho bé dưới sáu tuổi phải đóng bao nhiêu tiền ạ",
            "a.yml:6: 'làm căn cước cho bé dưới sáu tuổi phải đóng bao nhiêu tiền ạ' is nearly a message of the"
            " blind set",
        ),
    ],
)
def test_each_problem_names_file_and_line(check, before, after, problem):
    assert check(GOOD.replace(before, after)) == [problem]


def test_a_file_that_is_no_yaml_is_named_and_the_others_are_checked(check, tmp_path):
    (tmp_path / "b.yml").write_text("nlu: [", encoding="utf-8")
    (tmp_path / "c.yml").write_text(GOOD.replace("fee", "fees"), encoding="utf-8")
    problems = check(GOOD)
    assert problems[0].startswith("b.yml: not readable")
    assert any(problem.startswith("c.yml:5: intent 'fees'") for problem in problems)


@pytest.mark.parametrize(
    "content, problem",
    [
        ("- hết mấy đồng\n", "a.yml:1: not a list of blocks under 'nlu'"),
        ("hết mấy đồng\n", "a.yml:1: not a list of blocks under 'nlu'"),
        ("version: '3.1'\nnlu: fee\n", "a.yml:2: not a list of blocks under 'nlu'"),
        ("nlu:\n- fee\n", "a.yml:2: not a block with its fields, such as 'intent' and 'examples'"),
        ("nlu:\n- intent: [fee]\n", "a.yml:2: the intent is not one word"),
        ("nlu:\n- intent: fee\n", "a.yml:2: intent 'fee' has no sentence"),
        (
            "nlu:\n- intent: fee\n  examples:\n  - hết mấy đồng\n",
            "a.yml:2: the sentences of intent 'fee' are not lines after 'examples: |'",
        ),
        (
            "nlu:\n- intent: fee\n  examples: >\n    - hết mấy đồng\n    - lệ phí\n",
            "a.yml:2: the sentences of intent 'fee' are not lines after 'examples: |'",
        ),
    ],
)
def test_what_is_no_training_data_names_file_and_line(check, content, problem):
    assert check(content) == [problem]


def test_lookup_tables_are_no_intents(check):
    assert check("nlu:\n- lookup: procedure\n  examples: |\n    - hộ chiếu\n") == []


def test_an_empty_file_has_no_problem(check):
    assert check("") == []
