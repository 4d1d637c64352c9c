"""Write the catalogue, customers and price lists of a made-up frozen-food distributor, always the same ones.

    python tenants/frozen-food/make_catalogue.py

3,000 SKUs come from what such a distributor really sells: products by category, each from some brands, in the
packs of its trade. Brands, firms, people, telephone numbers and barcodes are invented; any likeness is
accidental. Nothing is drawn by chance: choices come from hashes of names, so that every run and every version
of Python writes the same files.
"""

import csv
import hashlib
import sys
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
SKUS = 3000
CUSTOMERS = 96


class Pack(NamedTuple):
    """How goods are packed: by weight, or in bags of so many grams with so many in a case."""

    spec: str
    unit: str
    grams: int
    case: int


class Shelf(NamedTuple):
    """One category of goods."""

    prefix: str
    name: str
    share: int
    brands: tuple[str, ...]
    packs: tuple[Pack, ...]
    months: int
    heating: str
    goods: tuple[tuple[str, float], ...]
    """Names, with yuan for a kilogram."""


def bags(*given: tuple[int, int]) -> tuple[Pack, ...]:
    return tuple(Pack(f"{weight(grams)}/袋×{case}袋", "袋", grams, case) for grams, case in given)


def boxes(*given: tuple[int, int]) -> tuple[Pack, ...]:
    return tuple(Pack(f"{weight(grams)}/盒×{case}盒", "盒", grams, case) for grams, case in given)


def loose(*kilograms: int) -> tuple[Pack, ...]:
    """Goods that are weighed: stock counts grams, people order by 斤, 公斤 or whole cases."""
    return tuple(Pack(f"散装 {kg}kg/件", "克", kg * 1000, 1) for kg in kilograms)


def weight(grams: int) -> str:
    return f"{grams / 1000:g}kg" if grams >= 1000 else f"{grams}g"


SHELVES = (
    Shelf(
        "YM", "鱼糜制品", 300, ("北屿渔坊", "海潮里", "渔满舱", "鲜汐", "闽东阿公", "蓝湾味"),
        bags((500, 20), (1000, 10), (2500, 4), (300, 30)), 12, "煮",
        (("蟹味棒", 19), ("鱼豆腐", 17), ("仿鲍贝", 22), ("鱼板", 18), ("竹轮", 20), ("甜不辣", 16),
         ("鱼皮脆", 24), ("章鱼风味丸", 21), ("龙虾风味球", 23), ("鱼籽福袋", 26), ("芝士鱼豆腐", 24),
         ("海胆风味包", 25), ("鳕鱼风味卷", 21), ("千页豆腐", 14)),
    ),
    Shelf(
        "WH", "丸滑类", 330, ("丸小满", "鲜汐", "潮门口", "牛掌柜", "北屿渔坊", "三江锅底"),
        bags((500, 20), (1000, 10), (2500, 4), (150, 60), (240, 40)), 12, "煮",
        (("潮汕风味牛肉丸", 46), ("牛筋丸", 42), ("撒尿牛丸", 34), ("贡丸", 26), ("香菇贡丸", 28), ("虾滑", 68),
         ("墨鱼滑", 48), ("鱼滑", 32), ("牛肉滑", 52), ("鲜虾丸", 38), ("墨鱼丸", 30), ("包心鱼丸", 22),
         ("福州风味鱼丸", 24), ("鸡肉丸", 20), ("蔬菜丸", 17), ("脆骨丸", 25), ("青虾滑", 76)),
    ),
    Shelf(
        "MD", "速冻面点", 360, ("禾香灶", "老街面案", "麦垄", "云蒸里", "晨光早市", "巷口笼屉"),
        bags((300, 24), (500, 20), (1000, 10), (800, 12), (2000, 6)), 12, "蒸",
        (("鲜肉包", 18), ("豆沙包", 15), ("奶黄包", 19), ("流沙包", 24), ("叉烧包", 22), ("香菇青菜包", 16),
         ("小笼包", 23), ("灌汤包", 26), ("馒头", 9), ("刀切馒头", 9), ("花卷", 10), ("葱油饼", 14),
         ("手抓饼", 15), ("千层饼", 14), ("油条", 16), ("麻球", 18), ("春卷", 21), ("烧麦", 19), ("南瓜饼", 16),
         ("红糖糍粑", 17), ("榴莲酥", 34), ("蛋挞皮", 22)),
    ),
    Shelf(
        "TY", "水饺汤圆", 210, ("麦垄", "禾香灶", "老街面案", "团圆里", "雪谷人家"),
        bags((500, 20), (1000, 10), (2500, 4), (450, 24)), 12, "煮",
        (("猪肉大葱水饺", 18), ("韭菜鸡蛋水饺", 16), ("三鲜水饺", 22), ("虾仁水饺", 36), ("酸菜猪肉水饺", 17),
         ("玉米蔬菜水饺", 18), ("鲜肉云吞", 20), ("鲜虾云吞", 34), ("黑芝麻汤圆", 17), ("花生汤圆", 16),
         ("紫薯汤圆", 17), ("酒酿小圆子", 14), ("蒸饺", 19), ("煎饺", 20)),
    ),
    Shelf(
        "NY", "牛羊肉", 270, ("草原长风", "牧野人家", "塞外牧场", "北坡羊倌", "牛掌柜"),
        (*loose(10, 20), *bags((500, 20), (1000, 10), (400, 25))), 18, "煮",
        (("肥牛卷", 62), ("雪花肥牛", 88), ("羊肉卷", 72), ("羔羊卷", 84), ("牛腩块", 66), ("牛腱子", 74),
         ("牛百叶", 48), ("毛肚", 56), ("黄喉", 44), ("牛仔骨", 96), ("羊蝎子", 42), ("羊排", 86), ("羊肉串", 64),
         ("牛肉粒", 58), ("牛筋", 60), ("羊杂", 36)),
    ),
    Shelf(
        "QR", "禽肉制品", 300, ("白羽坊", "田间禽社", "晨光早市", "金稻花", "蜀中巷"),
        (*loose(10, 15), *bags((1000, 10), (800, 12), (2500, 4))), 12, "煮",
        (("鸡翅中", 42), ("鸡翅根", 24), ("鸡胸肉", 18), ("琵琶腿", 20), ("鸡爪", 34), ("无骨鸡爪", 58),
         ("鸡米花", 24), ("香酥鸡柳", 23), ("奥尔良风味翅", 40), ("炸鸡排", 25), ("鸡块", 22), ("鸭血", 10),
         ("鸭肠", 32), ("鸭掌", 30), ("鸭脖", 28), ("鸡胗", 26), ("手撕鸡", 44), ("鸡肉串", 28)),
    ),
    Shelf(
        "ZR", "猪副与肉制品", 180, ("蜀中巷", "川东老号", "牛掌柜", "金稻花"),
        (*loose(10, 20), *bags((500, 20), (1000, 10), (2500, 4))), 12, "煮",
        (("小酥肉", 36), ("午餐肉", 28), ("台式风味烤肠", 22), ("黑胡椒肠", 24), ("猪黄喉", 38), ("猪脑", 40),
         ("肥肠", 46), ("猪蹄块", 34), ("五花肉片", 38), ("培根", 32), ("火腿片", 26), ("腰花", 36)),
    ),
    Shelf(
        "SC", "水产", 300, ("蓝湾味", "鲜汐", "渔满舱", "深港货栈", "湖心渔家"),
        (*loose(10, 12), *bags((500, 20), (1000, 10)), *boxes((1800, 6), (2000, 6))), 18, "煮",
        (("白虾", 58), ("青虾仁", 72), ("巴沙鱼片", 19), ("龙利鱼柳", 28), ("黑鱼片", 42), ("耗儿鱼", 36),
         ("带鱼段", 30), ("鱿鱼须", 34), ("鱿鱼圈", 36), ("花枝片", 40), ("扇贝肉", 52), ("蛏子", 26), ("花蛤", 16),
         ("生蚝", 24), ("小龙虾尾", 48), ("三文鱼边", 46), ("秋刀鱼", 28), ("多春鱼", 32)),
    ),
    Shelf(
        "TL", "调理半成品", 210, ("蜀中巷", "一碗堂", "川东老号", "粤府家厨", "金稻花"),
        bags((180, 50), (200, 40), (1000, 10), (500, 20)), 12, "微波",
        (("宫保鸡丁料理包", 24), ("鱼香肉丝料理包", 24), ("红烧肉料理包", 36), ("咖喱鸡料理包", 22),
         ("台式卤肉料理包", 30), ("梅菜扣肉", 38), ("酸菜鱼半成品", 30), ("水煮肉片半成品", 36),
         ("糖醋里脊", 30), ("狮子头", 28), ("藤椒鸡丁", 27), ("黑椒牛柳", 46), ("番茄牛腩料理包", 44)),
    ),
    Shelf(
        "HG", "火锅食材", 180, ("三江锅底", "蜀中巷", "川东老号", "丸小满"),
        (*bags((500, 20), (1000, 10), (200, 50)), *boxes((400, 20))), 12, "煮",
        (("鲜鸭血", 12), ("冻豆腐", 13), ("响铃卷", 38), ("腐竹段", 26), ("宽粉", 12), ("苕皮", 16),
         ("火锅面", 11), ("牛油锅底", 34), ("番茄锅底", 24), ("菌汤锅底", 26), ("蛋饺", 30), ("燕饺", 26)),
    ),
    Shelf(
        "SS", "速冻果蔬薯类", 180, ("田园晨雾", "金薯郎", "北纬菜园", "雪谷人家"),
        bags((1000, 10), (2000, 6), (2500, 5), (500, 20)), 18, "煮",
        (("细薯条", 15), ("粗薯条", 14), ("波纹薯条", 16), ("薯饼", 17), ("薯角", 16), ("红薯条", 15),
         ("甜玉米粒", 12), ("玉米段", 10), ("青豆", 13), ("杂菜", 12), ("西兰花", 14), ("毛豆", 13),
         ("荷兰豆", 16), ("芒果丁", 26), ("草莓", 22), ("蓝莓", 48)),
    ),
    Shelf(
        "NC", "奶茶饮品原料", 180, ("茗小料", "云朵甜铺", "果岸", "南洋茶仓"),
        (*bags((500, 20), (1000, 12), (3000, 6)), *boxes((950, 12), (1200, 12))), 12, "煮",
        (("黑糖珍珠", 14), ("琥珀珍珠", 13), ("三色芋圆", 18), ("芋泥", 22), ("麻薯", 26), ("脆啵啵", 12),
         ("西米", 11), ("草莓果浆", 28), ("芒果果浆", 27), ("杨梅果浆", 30), ("百香果浆", 26), ("桃子果肉", 24),
         ("厚椰乳", 20), ("冰淇淋浆", 16), ("奶盖预拌", 34)),
    ),
)  # fmt: skip

KINDS = (
    ("tea", "奶茶店", ("奶茶饮品原料", "速冻果蔬薯类", "速冻面点"), "0.95"),
    ("hotpot", "火锅店", ("鱼糜制品", "丸滑类", "牛羊肉", "水产", "火锅食材", "禽肉制品"), "0.94"),
    ("canteen", "学校食堂", ("速冻面点", "水饺汤圆", "禽肉制品", "调理半成品", "速冻果蔬薯类"), "0.93"),
    ("barbecue", "烧烤店", ("牛羊肉", "禽肉制品", "猪副与肉制品", "水产"), "0.95"),
    ("breakfast", "早餐店", ("速冻面点", "水饺汤圆"), "0.96"),
    ("retail", "冻品零售店", (), ""),
)
"""Key and name of the customers' group and its price list, categories on the list, factor on the base price."""

HEATING = (
    ("油条", "炸"), ("麻球", "炸"), ("春卷", "炸"), ("糍粑", "炸"), ("南瓜饼", "炸"), ("手抓饼", "煎"), ("葱油饼", "煎"),
    ("千层饼", "煎"), ("煎饺", "煎"), ("蒸饺", "蒸"), ("榴莲酥", "烤"), ("蛋挞皮", "烤"), ("串", "烤"), ("烤肠", "烤"),
    ("秋刀鱼", "烤"), ("生蚝", "烤"), ("薯条", "炸"), ("薯饼", "炸"), ("薯角", "炸"),
    ("鸡翅", "炸"), ("风味翅", "炸"), ("琵琶腿", "炸"), ("鸡胸", "煎"), ("苕皮", "烤"), ("鸡米花", "炸"), ("鸡柳", "炸"), ("鸡块", "炸"),
    ("炸鸡排", "炸"), ("小酥肉", "炸"), ("里脊", "炸"), ("料理包", "微波"), ("果浆", "冷藏解冻"), ("果肉", "冷藏解冻"),
    ("椰乳", "冷藏解冻"), ("冰淇淋浆", "冷藏解冻"), ("奶盖", "冷藏解冻"), ("脆啵啵", "冷藏解冻"), ("芋泥", "冷藏解冻"),
    ("草莓", "冷藏解冻"), ("蓝莓", "冷藏解冻"), ("芒果丁", "冷藏解冻"), ("甜不辣", "炸"), ("培根", "煎"), ("午餐肉", "煎"),
    ("梅菜扣肉", "蒸"), ("狮子头", "蒸"), ("牛柳", "炒"), ("鸡丁", "炒"),
)  # fmt: skip
"""How goods are prepared that are not prepared like the others of their category."""

NAMES = {
    "tea": ("茶语时光", "半糖主张", "一杯南风", "鹿角茶铺", "阿茉手作", "青柠巷", "乌云奶茶", "茶小满"),
    "hotpot": ("老灶火锅", "牛油世家", "九宫格里", "江边渔火", "蜀香楼", "鲜牛社", "羊城打边炉", "锅里乾坤"),
    "canteen": (
        "实验小学食堂",
        "第二中学食堂",
        "职业学院一食堂",
        "阳光幼儿园",
        "师大附中食堂",
        "理工学院食堂",
    ),
    "barbecue": ("夜市烤串", "大漠孤烟烧烤", "老东北烤肉", "炭火人间", "阿里木烤肉", "深夜食堂烧烤"),
    "breakfast": ("巷口早点", "李记包子", "晨光早餐", "豆浆油条铺", "张姐蒸饺", "一笼鲜"),
    "retail": ("万家冻品", "鲜达冷冻", "社区冻品超市", "惠民冷冻", "永盛冻品", "家家乐冷鲜"),
}
ROADS = ("临江路", "解放路", "长宁街", "东风路", "柳营巷", "滨湖大道", "中山路", "新华街", "学府路", "夜市街")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = (
    "秀英",
    "建国",
    "丽华",
    "志强",
    "晓燕",
    "海涛",
    "玉梅",
    "俊杰",
    "春兰",
    "国庆",
    "雪梅",
    "文博",
    "小军",
    "佳怡",
)


def pick(name: str, most: int) -> int:
    """Give a number below `most` that belongs to the name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % most


def money(value: Decimal, step: str) -> Decimal:
    """Round half-up to a step such as 0.1, as a price list would."""
    return (value / Decimal(step)).quantize(Decimal(1), ROUND_HALF_UP) * Decimal(step)


def ean13(number: int) -> str:
    """Give a number inside the firm (GS1 keeps 200 to 299 for that) with its check digit."""
    body = f"201{number:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


class Item(NamedTuple):
    """One SKU."""

    code: str
    shelf: Shelf
    name: str
    brand: str
    pack: Pack
    price: Decimal
    """Of one base unit."""

    @property
    def is_loose(self) -> bool:
        return self.pack.unit == "克"

    def price_of(self, unit: str, factor: str) -> Decimal:
        """Give a list price of a sales unit."""
        held = {"克": 1, "斤": 500, "公斤": 1000, "件": self.pack.grams}
        pieces = held[unit] if self.is_loose else (self.pack.case if unit == "箱" else 1)
        return money(self.price * pieces * Decimal(factor), "0.1")


def goods_of(shelf: Shelf) -> list[Item]:
    """Give the SKUs of a category: every product at least once, then by the numbers of their names."""
    combined = [
        (name, yuan, brand, pack)
        for name, yuan in shelf.goods
        for brand in shelf.brands
        for pack in shelf.packs
    ]
    ranked = sorted(combined, key=lambda one: pick("".join((one[0], one[2], one[3].spec)), 2**62))
    seen: set[str] = set()
    first = [one for one in ranked if one[0] not in seen and not seen.add(one[0])]
    ranked = [*first, *(one for one in ranked if one not in first)]
    chosen = sorted(ranked[: shelf.share], key=lambda one: (one[0], one[2], one[3].grams))
    return [
        Item(f"{shelf.prefix}{number:04d}", shelf, name, brand, pack, price_of(name, yuan, brand, pack))
        for number, (name, yuan, brand, pack) in enumerate(chosen, 1)
    ]


def price_of(name: str, yuan: float, brand: str, pack: Pack) -> Decimal:
    """Price one base unit: brands differ, big packs are cheaper by weight."""
    by_brand = Decimal(90 + pick(brand + name, 26)) / 100
    by_size = Decimal("0.94") if pack.grams >= 2000 else Decimal("1.06") if pack.grams < 300 else Decimal(1)
    kilogram = Decimal(str(yuan)) * by_brand * by_size
    if pack.unit == "克":
        return money(kilogram / 2, "0.05") / 500  # 斤 is what people quote
    return money(kilogram * pack.grams / 1000, "0.1")


def catalogue(items: Sequence[Item]) -> Iterable[dict[str, object]]:
    for number, item in enumerate(items, 1):
        pack, shelf = item.pack, item.shelf
        units = (("斤", 500), ("件", pack.grams)) if item.is_loose else ((pack.unit, 1), ("箱", pack.case))
        cases = 3 + pick(f"stock {item.code}", 60)
        seasonal = pick(f"status {item.code}", 50) == 0
        yield {
            "商品编码": item.code,
            "名称": f"{item.brand} {item.name}",
            "规格": pack.spec,
            "分类": shelf.name,
            "基本单位": pack.unit,
            "销售单位1": units[0][0], "换算1": units[0][1], "销售单位2": units[1][0], "换算2": units[1][1],
            "条码": ean13(number),
            "基准价": format(item.price.normalize(), "f"),
            "起订量": 500 if item.is_loose else "",
            "订货倍数": 500 if item.is_loose else "",
            "库存": 0 if seasonal else cases * (pack.grams if item.is_loose else pack.case),
            "状态": "停售" if seasonal else "在售",
            "attr:brand": item.brand,
            "attr:net_weight": "" if item.is_loose else pack.grams,
            "attr:storage": -18,
            "attr:shelf_life": shelf.months,
            "attr:heating": next((how for word, how in HEATING if word in item.name), shelf.heating),
        }  # fmt: skip


def customers() -> Iterable[dict[str, object]]:
    for number in range(CUSTOMERS):
        key, group, *_ = KINDS[number % len(KINDS)]
        names = NAMES[key]
        name = names[number // len(KINDS) % len(names)]
        turn = number // len(KINDS) // len(names)
        road = ROADS[pick(f"road {number}", len(ROADS))]
        surname = SURNAMES[pick(f"surname {number}", len(SURNAMES))]
        yield {
            "编码": f"DK{number + 1:03d}",
            "名称": f"{name}（{road}店）" if turn or key in {"tea", "breakfast"} else name,
            "客户组": group,
            "等级": ("普通", "普通", "银卡", "金卡")[pick(f"level {number}", 4)],
            "联系人": surname + GIVEN[pick(f"given {number}", len(GIVEN))],
            "电话": f"1990001{number + 1:04d}",
            "地址": f"云泽市{('城东', '城西', '高新', '滨江')[pick(f'area {number}', 4)]}区{road}{10 + pick(f'no {number}', 280)}号",
        }


def price_lists(items: Sequence[Item]) -> Iterable[dict[str, object]]:
    for _, group, categories, factor in KINDS:
        for item in items:
            if item.shelf.name not in categories or pick(f"{group} {item.code}", 3) == 0:
                continue
            for unit in ("斤", "件") if item.is_loose else ("箱",):
                yield {
                    "价目表": group, "商品编码": item.code, "单位": unit,
                    "价格": format(item.price_of(unit, factor).normalize(), "f"),
                }  # fmt: skip


def customer_prices(items: Sequence[Item]) -> Iterable[dict[str, object]]:
    for number in range(0, CUSTOMERS, 4):
        for turn in range(5):
            item = items[pick(f"fixed {number} {turn}", len(items))]
            unit = "斤" if item.is_loose else "箱"
            yield {
                "客户编码": f"DK{number + 1:03d}", "商品编码": item.code, "单位": unit,
                "价格": format(item.price_of(unit, "0.9").normalize(), "f"),
            }  # fmt: skip


def write(name: str, rows: Iterable[dict[str, object]]) -> int:
    listed = list(rows)
    with (HERE / name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, listed[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    return len(listed)


def main() -> None:
    """Write all files beside this one."""
    items = [item for shelf in SHELVES for item in goods_of(shelf)]
    if len(items) != SKUS:
        sys.exit(f"the shelves hold {len(items)} SKUs, not {SKUS}")
    for name, rows in (
        ("catalogue.csv", catalogue(items)),
        ("customers.csv", customers()),
        ("price_lists.csv", price_lists(items)),
        ("customer_prices.csv", customer_prices(items)),
    ):
        sys.stdout.write(f"{name}: {write(name, rows):,} rows\n")


if __name__ == "__main__":
    main()
