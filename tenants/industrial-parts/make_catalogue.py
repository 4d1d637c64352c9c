"""Write the catalogue and customers of a made-up distributor of industrial parts, always the same ones.

    python tenants/industrial-parts/make_catalogue.py

Sizes are those of the standards that such parts follow (ISO 15 for bearings, ISO 4762 for screws, ISO 3601 for
rings and so on); prices, brands, firms, people, telephone numbers and barcodes are invented.
"""

import csv
import hashlib
import sys
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
CUSTOMERS = 36
ATTRIBUTES = (
    "inner_diameter", "outer_diameter", "width", "seal", "load", "thread", "length", "grade", "material",
    "section", "hardness", "max_temperature", "tube", "shape", "max_pressure", "pitch", "teeth", "output",
    "contact", "distance", "flush", "rail", "accuracy", "dial", "range", "connection", "damped",
)  # fmt: skip
"""Keys of the columns, in the order in which they stand."""

BEARINGS = {
    "6000": (10, 26, 8, "4.62"), "6001": (12, 28, 8, "5.1"), "6002": (15, 32, 9, "5.6"),
    "6003": (17, 35, 10, "6"), "6004": (20, 42, 12, "9.4"), "6005": (25, 47, 12, "10.1"),
    "6006": (30, 55, 13, "13.2"), "6007": (35, 62, 14, "16"), "6008": (40, 68, 15, "17"),
    "6200": (10, 30, 9, "5.1"), "6201": (12, 32, 10, "6.8"), "6202": (15, 35, 11, "7.65"),
    "6203": (17, 40, 12, "9.6"), "6204": (20, 47, 14, "12.8"), "6205": (25, 52, 15, "14"),
    "6206": (30, 62, 16, "19.5"), "6207": (35, 72, 17, "25.7"), "6208": (40, 80, 18, "29.5"),
    "6209": (45, 85, 19, "31.5"), "6210": (50, 90, 20, "35"), "6300": (10, 35, 11, "7.65"),
    "6301": (12, 37, 12, "9.7"), "6302": (15, 42, 13, "11.4"), "6303": (17, 47, 14, "13.6"),
    "6304": (20, 52, 15, "15.9"), "6305": (25, 62, 17, "20.6"), "6306": (30, 72, 19, "29.6"),
    "6307": (35, 80, 21, "33.4"), "6308": (40, 90, 23, "41"),
}  # fmt: skip
"""Bore, outside, width in mm, and the dynamic load rating in kN."""

SCREWS = {
    "M3": (6, 8, 10, 12, 16, 20, 25), "M4": (8, 10, 12, 16, 20, 25, 30), "M5": (10, 12, 16, 20, 25, 30, 40),
    "M6": (10, 12, 16, 20, 25, 30, 40, 50), "M8": (16, 20, 25, 30, 35, 40, 50, 60),
    "M10": (20, 25, 30, 40, 50, 60, 80), "M12": (30, 40, 50, 60, 80, 100),
}  # fmt: skip
"""Lengths in mm by thread."""


class Row(NamedTuple):
    """One SKU as far as its category knows it."""

    prefix: str
    category: str
    name: str
    spec: str
    unit: str
    pack: int
    price: Decimal
    values: dict[str, object]


def pick(name: str, most: int) -> int:
    """Give a number below `most` that belongs to the name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % most


def yuan(value: float, step: str = "0.01") -> Decimal:
    """Round half-up to a step."""
    return (Decimal(str(round(value, 6))) / Decimal(step)).quantize(Decimal(1), ROUND_HALF_UP) * Decimal(step)


def bearings() -> Iterator[Row]:
    for code, (bore, outside, width, load) in BEARINGS.items():
        for seal, suffix, factor in (("开式", "", 1.0), ("铁盖 ZZ", "-ZZ", 1.08), ("橡胶 2RS", "-2RS", 1.15)):
            price = (1.2 + bore * outside * width / 2400) * factor
            yield Row(
                "ZC", "深沟球轴承", "深沟球轴承", f"{code}{suffix}", "套", 10, yuan(price),
                {"inner_diameter": bore, "outer_diameter": outside, "width": width, "seal": seal, "load": load},
            )  # fmt: skip


def screws() -> Iterator[Row]:
    for thread, lengths in SCREWS.items():
        size = int(thread[1:])
        for length in lengths:
            for grade, material, factor in (("12.9级", "合金钢", 1.0), ("A2-70", "304不锈钢", 2.2)):
                price = (0.02 + size * size * (length + 8) / 46000) * factor
                yield Row(
                    "LD", "内六角螺钉", "内六角圆柱头螺钉", f"{thread}×{length} {grade}", "个",
                    500 if size < 6 else 200 if size < 10 else 50, yuan(price, "0.001"),
                    {"thread": thread, "length": length, "grade": grade, "material": material},
                )  # fmt: skip


def rings() -> Iterator[Row]:
    for section in ("1.8", "2.65", "3.55"):
        for inner in (6, 8, 10, 12, 15, 18, 20, 25, 30, 38.7, 45, 50):
            for material, hardness, hot, factor in (
                ("丁腈 NBR", 70, 100, 1.0), ("氟胶 FKM", 75, 200, 5.5), ("硅胶 VMQ", 60, 180, 2.4),
            ):  # fmt: skip
                price = (0.05 + inner * float(section) ** 2 / 900) * factor
                yield Row(
                    "MF", "O形密封圈", "O形圈", f"{inner:g}×{section} {material}", "个", 100, yuan(price),
                    {"inner_diameter": inner, "section": section, "material": material, "hardness": hardness,
                     "max_temperature": hot},
                )  # fmt: skip


def fittings() -> Iterator[Row]:
    threads = {4: ("M5", "R1/8"), 6: ("M5", "R1/8", "R1/4"), 8: ("R1/8", "R1/4", "R3/8"), 10: ("R1/4", "R3/8"),
               12: ("R3/8", "R1/2")}  # fmt: skip
    for shape, letters, factor in (("直通", "PC", 1.0), ("弯头", "PL", 1.25), ("三通", "PB", 1.7)):
        for tube, known in threads.items():
            for thread in known:
                yield Row(
                    "QD", "气动快插接头", f"快插{shape}接头", f"{letters}{tube}-{thread}", "个", 50,
                    yuan((0.7 + tube / 8) * factor, "0.05"),
                    {"tube": tube, "thread": thread, "shape": shape, "max_pressure": "1",
                     "material": "铜镀镍+PBT"},
                )  # fmt: skip


def belts() -> Iterator[Row]:
    for profile, pitch in (("3M", 3), ("5M", 5), ("8M", 8)):
        for teeth in (60, 80, 100, 120, 150, 180, 200):
            for width in (9, 15, 25) if pitch < 8 else (20, 30, 50):
                length = pitch * teeth
                yield Row(
                    "TB", "同步带", "HTD 同步带", f"{length}-{profile}-{width}", "条", 10,
                    yuan(2 + length * width * pitch / 5200, "0.1"),
                    {"pitch": pitch, "width": width, "length": length, "teeth": teeth, "material": "氯丁橡胶"},
                )  # fmt: skip


def sensors() -> Iterator[Row]:
    for thread, flush_at, other_at, price in (("M8", "1.5", "2", 46), ("M12", "2", "4", 38), ("M18", "5", "8", 44),
                                              ("M30", "10", "15", 68)):  # fmt: skip
        for output in ("NPN", "PNP"):
            for contact in ("常开", "常闭"):
                for flush in (True, False):
                    yield Row(
                        "CG", "接近开关", "电感式接近开关",
                        f"{thread} {output} {contact} {'埋入' if flush else '非埋入'}", "只", 10,
                        yuan(price * (1 if output == "NPN" else 1.06), "0.5"),
                        {"thread": thread, "output": output, "contact": contact,
                         "distance": flush_at if flush else other_at, "flush": "是" if flush else "否"},
                    )  # fmt: skip


def rails() -> Iterator[Row]:
    for size, price in ((15, 92), (20, 118), (25, 152), (30, 214)):
        for length in (200, 300, 400, 500, 600, 800, 1000):
            for accuracy, factor in (("普通级", 1.0), ("精密级", 1.35)):
                yield Row(
                    "DG", "直线导轨", "直线导轨", f"HGR{size}-{length} {accuracy}", "根", 1,
                    yuan((price * length / 1000 + 18) * factor, "1"),
                    {"rail": size, "length": length, "accuracy": accuracy, "material": "轴承钢"},
                )  # fmt: skip


def gauges() -> Iterator[Row]:
    for dial, price in ((40, 12), (60, 16), (100, 34)):
        for most in ("0.4", "0.6", "1", "1.6", "2.5", "4"):
            for damped, factor in ((False, 1.0), (True, 1.9)):
                connection = {40: "G1/8", 60: "G1/4", 100: "G1/2"}[dial]
                yield Row(
                    "YB", "压力表", "耐震压力表" if damped else "普通压力表", f"Y-{dial} 0~{most}MPa", "只", 10,
                    yuan(price * factor, "0.5"),
                    {"dial": dial, "range": most, "connection": connection, "damped": "是" if damped else "否"},
                )  # fmt: skip


KINDS = (bearings, screws, rings, fittings, belts, sensors, rails, gauges)
BRANDS = ("恒岳", "精锐达", "北工", "申科联")


def ean13(number: int) -> str:
    """Give a number inside the firm (GS1 keeps 200 to 299 for that) with its check digit."""
    body = f"202{number:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def catalogue() -> Iterator[dict[str, object]]:
    number = 0
    for kind in KINDS:
        for place, row in enumerate(kind(), 1):
            number += 1
            code = f"{row.prefix}{place:04d}"
            small = row.unit == "个"
            brand = BRANDS[pick(row.category, len(BRANDS))]
            if unknown := row.values.keys() - set(ATTRIBUTES):
                sys.exit(f"{row.category} has attributes without a column: {unknown}")
            yield {
                "商品编码": code, "名称": row.name, "规格": row.spec, "分类": row.category, "基本单位": row.unit,
                "销售单位1": row.unit, "换算1": 1,
                "销售单位2": "" if row.pack == 1 else "包" if small else "箱",
                "换算2": "" if row.pack == 1 else row.pack,
                "条码": ean13(number), "原厂编号": f"{brand}-{row.spec.split()[0]}",
                "基准价": format(row.price.normalize(), "f"),
                "起订量": 10 if small and row.pack >= 200 else "", "订货倍数": "",
                "库存": (2 + pick(f"stock {code}", 40)) * row.pack, "状态": "在售",
                **{f"attr:{key}": row.values.get(key, "") for key in ATTRIBUTES},
            }  # fmt: skip


FIRMS = ("恒力机械", "精工自动化", "远航设备", "泰和包装机械", "联创模具", "新元电气", "东华注塑机", "博瑞机器人",
         "丰泽纺机", "启明检测设备", "安顺维修", "顺达五金机电")  # fmt: skip
GROUPS = ("设备厂", "维修厂", "同行")
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
GIVEN = ("工", "建军", "永福", "晓峰", "丽娟", "志明", "海波", "红霞")


def customers() -> Iterator[dict[str, object]]:
    for number in range(CUSTOMERS):
        firm = FIRMS[number % len(FIRMS)]
        place = ("江北", "昌平镇", "港务区")[number // len(FIRMS)]
        yield {
            "编码": f"GY{number + 1:03d}", "名称": f"{place}{firm}", "客户组": GROUPS[pick(f"group {number}", 3)],
            "等级": ("普通", "协议", "协议", "重点")[pick(f"level {number}", 4)],
            "联系人": SURNAMES[pick(f"surname {number}", len(SURNAMES))] + GIVEN[pick(f"given {number}", len(GIVEN))],
            "电话": f"1990002{number + 1:04d}",
            "地址": f"宁城市{place}工业园{1 + pick(f'road {number}', 9)}路{1 + pick(f'no {number}', 90)}号",
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
    for name, rows in (("catalogue.csv", catalogue()), ("customers.csv", customers())):
        sys.stdout.write(f"{name}: {write(name, rows):,} rows\n")


if __name__ == "__main__":
    main()
