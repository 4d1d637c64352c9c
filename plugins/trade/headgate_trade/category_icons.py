"""A fitting icon for a new category, by the words of its name; a distributor may choose another one."""

import re

DEFAULT = "package"

_WORDS = (
    ("bolt", ("螺栓", "螺母", "螺丝", "螺钉", "紧固", "fastener", "bolt", "screw")),
    ("drill", ("钻头", "drill")),
    ("zap", ("电动", "电器", "power tool", "electric")),
    ("hammer", ("手动工具", "锤", "hand tool", "hammer")),
    ("droplets", ("水暖", "管件", "阀", "卫浴", "龙头", "plumbing", "pipe", "valve")),
    ("cable", ("电线", "电缆", "线缆", "cable", "wire")),
    ("plug-zap", ("开关", "插座", "配电", "switch", "socket")),
    ("lightbulb", ("照明", "灯", "light", "lamp")),
    ("paint-roller", ("油漆", "涂料", "胶粘", "胶水", "paint", "glue", "adhesive")),
    ("hard-hat", ("劳保", "防护", "安全", "safety", "protective")),
    ("door-open", ("门锁", "锁具", "门窗", "lock", "door")),
    ("flame", ("焊", "welding")),
    ("disc-3", ("磨具", "磨料", "切割", "abrasive", "grinding")),
    ("spline", ("铁线", "钉丝", "铁丝", "钢丝", "nail")),
    ("wrench", ("工具", "五金", "tool", "hardware")),
    ("fish", ("鱼", "虾", "水产", "海鲜", "fish", "seafood")),
    ("beef", ("牛", "羊", "猪", "肉", "beef", "meat", "pork")),
    ("drumstick", ("鸡", "鸭", "禽", "poultry", "chicken")),
    ("cup-soda", ("奶茶", "饮品", "果浆", "drink", "juice")),
    ("croissant", ("面点", "烘焙", "糕点", "包子", "bakery", "pastry")),
    ("salad", ("蔬菜", "薯", "vegetable", "salad")),
    ("soup", ("丸", "火锅", "汤", "酱", "soup", "sauce")),
    ("snowflake", ("速冻", "冷冻", "冰", "frozen", "ice")),
    ("cog", ("轴承", "传动", "齿轮", "链", "同步带", "导轨", "bearing", "gear", "belt")),
    ("circle-dot", ("密封", "seal", "o-ring")),
    ("gauge", ("仪表", "气动", "液压", "压力", "gauge", "pneumatic")),
    ("utensils", ("厨", "餐", "食品", "调理", "kitchen", "food")),
    ("gift", ("礼品", "礼物", "gift")),
    ("pencil", ("文具", "办公", "stationery", "office")),
)


def fitting_icon(category: str) -> str:
    """Give the icon of the first words that the category's name contains."""
    name = category.casefold()
    return next((icon for icon, words in _WORDS if any(_in(word, name) for word in words)), DEFAULT)


def _in(word: str, name: str) -> bool:
    """Find a Chinese word anywhere, an English one where a word begins: `delight` is no `light`."""
    return bool(re.search(rf"\b{word}", name)) if word.isascii() else word in name
