from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.site.pages import page_routes


def page(**more):
    return TestClient(Starlette(routes=page_routes(**more))).get("/").text


def test_while_the_bot_is_off_the_page_says_so():
    async def notice():
        return "Trợ lý tạm ngừng <đến 13 giờ>."

    assert '<p class="off" role="status">Trợ lý tạm ngừng &lt;đến 13 giờ&gt;.</p>' in page(find_notice=notice)


def test_otherwise_it_does_not():
    assert 'class="off"' not in page()
