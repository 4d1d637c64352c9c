"""Imports in the browser: a try changes nothing, applying does, refused rows come back as a file."""

import re

CUSTOMERS = "编码,名称,客户组\nK1,第一家,零售店\nK2,第二家,没有的组\nK1,重复,零售店\n"


async def test_a_file_is_tried_then_applied(owner, shop):
    for content in (CUSTOMERS.encode(), CUSTOMERS.encode("gbk")):
        tried = await owner.post(
            "/desk/imports", data={"kind": "customers"}, files={"file": ("k.csv", content, "text/csv")}
        )
        assert tried.status_code == 200
        assert "Nothing is changed yet" in tried.text
        assert "没有的组" in tried.text
        assert "第一家" not in (await owner.get("/desk/customers?q=K1")).text
    path = re.search(r'action="(/desk/imports/[0-9a-f-]{36})"', tried.text)[1]
    applied = await owner.post(path)
    assert "1 are new" in applied.text
    assert "第一家" in (await owner.get("/desk/customers?q=K1")).text


async def test_refused_rows_are_downloaded_with_their_reasons(owner, shop):
    tried = await owner.post(
        "/desk/imports", data={"kind": "customers"}, files={"file": ("k.csv", CUSTOMERS.encode(), "text/csv")}
    )
    path = re.search(r'action="(/desk/imports/[0-9a-f-]{36}/refused)"', tried.text)[1]
    download = await owner.post(path)
    assert download.headers["content-type"].startswith("text/csv")
    rows = download.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 3
    assert rows[1].startswith("3,")


async def test_bad_files_are_told_and_the_form_comes_back(owner, shop):
    for name, content in (("empty.csv", b""), ("x.csv", b"PK\x03\x04 workbook"), ("y.csv", b"a,b\n1,2\n")):
        response = await owner.post(
            "/desk/imports", data={"kind": "catalogue"}, files={"file": (name, content, "text/csv")}
        )
        assert response.status_code == 422, name
        assert "e-file" in response.text
    kind = await owner.post(
        "/desk/imports", data={"kind": "nothing"}, files={"file": ("a.csv", b"a\n", "text/csv")}
    )
    assert kind.status_code == 422


async def test_a_file_over_the_limit_is_refused(owner, shop):
    content = b"code,name\n" + b"x" * (9 * 2**20)
    response = await owner.post(
        "/desk/imports", data={"kind": "customers"}, files={"file": ("big.csv", content, "text/csv")}
    )
    assert response.status_code == 413
    assert "8 MB" in response.text


async def test_a_clerk_of_another_job_cannot_import(shop, client_for):
    warehouse = await client_for(shop.tenant, "warehouse")
    assert (await warehouse.get("/desk/imports")).status_code == 403
