"""Making a shop's words of a warehouse's: names in normal capitals, categories by keyword, regions.

The history writes names in capitals and knows no categories. The rules are asked in order; the first that
matches a whole word (also in the plural) decides.
"""

import re

CHARGES = "Charges & services"
OTHER = "Other gifts"
ICONS = {
    "Christmas": "star", "Bags & purses": "wallet", "Candles & lights": "sun", "Kitchen & dining": "store",
    "Stationery & wrapping": "pencil", "Jewellery & accessories": "tags", "Toys & games": "boxes",
    "Garden": "map-pin", "Party": "gift", "Craft & sewing": "wrench", "Pictures & signs": "image",
    "Home & storage": "house", "Decorations": "layers", OTHER: "package", CHARGES: "receipt",
}  # fmt: skip

_GOODS = re.compile(r"\d{5}[A-Za-z]{0,2}|DCGS\w*")
_RULES: tuple[tuple[str, str], ...] = (
    ("Christmas", "christmas|xmas|advent|santa|reindeer|snowman|snowmen|snowflake|bauble|nativity|rudolph"),
    ("Stationery & wrapping", "gift bag|wrap|wrapping|gift tag|gift tape|tissue|ribbon"),
    ("Party", "party|bunting|balloon|birthday|paper chain|cocktail|confetti|sombrero|pinata"),
    ("Bags & purses", "bag|shopper|purse|handbag|tote|wallet|luggage|rucksack|backpack|washbag"),
    ("Home & storage", "hot water bottle|hand warmer|drawer knob|doormat|door mat|doorstop|bathroom|soap|towel"),
    ("Candles & lights", "candle|candlestick|candleholder|t-light|tealight|lantern|light|lamp|incense|chandelier|"
                         "votive|oil burner|candelabra|lampshade"),
    ("Craft & sewing", "sewing|felt|feltcraft|craft|dollcraft|knitting|crochet|pin cushion|thread|button|"
                       "patch|filler pad"),
    ("Toys & games", "toy|doll|dolly|game|jigsaw|puzzle|skittle|playing card|marble|bingo|spinning top|dominoes|"
                     "ludo|snakes|skipping rope|yoyo|yo yo|robot|dinosaur|soldier|harmonica|whistle|kaleidoscope|"
                     "childs|childrens|child's|children's|spaceboy|baby|tattoo|space frog|space owl"),
    ("Jewellery & accessories", "necklace|necklac|neckl|bracelet|earring|ring|brooch|hair|hairslide|hairclip|bangle|"
                                "charm|scarf|umbrella|watch|diamante|pendant|tiara|bead|beads|anklet|compact mirror|"
                                "poncho|keyring|key ring"),
    ("Kitchen & dining", "mug|cup|cuppa|tea|teapot|plate|bowl|cutlery|kitchen|cake|baking|bake|jar|jug|tin|bottle|"
                         "lunch box|tray|spoon|dish|napkin|doilies|doily|pantry|cutter|cookie|biscuit|coffee|"
                         "apron|oven|recipe|jam|saucer|egg cup|snack|picnic|glass|tumbler|coaster|placemat|"
                         "cakestand|bread|butter|milk|pudding|breakfast|dinner|fork|knife|knives|salt|"
                         "pepper|sugar|toast|tablecloth|scales|jelly|lolly|chopping|grater|whisk|cruet|beaker|"
                         "dessert|food|ice cream|popcorn|measuring"),
    ("Stationery & wrapping", "card|paper|notebook|note book|pen|pencil|sticker|tape|envelope|book|journal|stamp|"
                              "memo|letter|eraser|rubber|calculator|ruler|passport cover|clip|folder|crayon|chalk"),
    ("Garden", "garden|plant|planter|flower pot|herb|watering|parasol|wellies|deckchair|trowel|bucket|bird|"
               "pot|thermometer|hammock|outdoor|gnome|fly swat|seed|botanical|fork|bucket"),
    ("Pictures & signs", "sign|frame|wall art|photo|picture|board|chalkboard|blackboard|magnet|tile|plaque|"
                         "postcard|poster|canvas|print"),
    ("Home & storage", "cushion|clock|box|boxes|storage|hook|drawer|basket|mirror|chair|stool|door|cabinet|knob|"
                       "hanger|bin|rack|stand|shelf|heater|blanket|throw|rug|curtain|table|umbrella stand|first aid|"
                       "money bank|piggy bank|toadstool|holder|tidy|warmer|quilt|sponge|crate|trunk|wicker basket"),
    ("Decorations", "decoration|heart|star|ornament|wicker|hanging|figurine|angel|garland|wreath|easter|egg|"
                    "bunny|chick|hen|rabbit|feather|flower|rose|tree|cherub|butterfly|bell|zinc|vase|cat|dog|"
                    "frog|owl|bust|skull|cornice|floral|windmill|chime|baroque|ball"),
)  # fmt: skip
_PATTERNS = [(name, re.compile(rf"\b(?:{words})(?:s|es)?\b", re.IGNORECASE)) for name, words in _RULES]

_PROPER = {
    word.casefold(): word
    for word in (
        "Christmas", "Xmas", "Easter", "Valentine", "Valentines", "Halloween", "London", "Paris", "England",
        "English", "French", "France", "Scottie", "Scotty", "Dolly", "Charlotte", "Victorian", "Edwardian",
        "Regency", "Union", "Jack", "Babushka", "Amelie", "Olivia", "Charlie", "Lola", "Turkish", "Moroccan",
        "Chinese", "Japanese", "Indian", "Russian", "Swiss", "Swedish", "Scandinavian", "Parisienne", "African",
        "I", "Eiffel", "Buddha", "Santa", "Rudolph", "UK", "USA", "USB", "DVD", "CD", "TV", "BBQ", "LED", "NY",
        "DIY", "AM", "PM", "I'm", "Boudicca", "Zeus", "Empire", "Suki", "Piers", "Ollie", "Spaceboy", "Jam",
    )
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z][A-Za-z']*")

EUROPE = frozenset({
    "Austria", "Belgium", "Channel Islands", "Cyprus", "Czech Republic", "Denmark", "EIRE", "European Community",
    "Finland", "France", "Germany", "Greece", "Iceland", "Italy", "Lithuania", "Malta", "Netherlands", "Norway",
    "Poland", "Portugal", "Spain", "Sweden", "Switzerland",
})  # fmt: skip
REGIONS = {"uk": "United Kingdom", "europe": "EU & Europe", "overseas": "Overseas"}


def is_goods(code: str) -> bool:
    """Tell goods from postage, fees, discounts, vouchers and manual entries by their stock code."""
    return _GOODS.fullmatch(code) is not None


def tidy_name(description: str) -> str:
    """Write a name in capitals as people write it: `WHITE T-LIGHT HOLDER` is `White T-light holder`."""
    text = re.sub(r"\s+", " ", description).strip(" .,*")
    text = re.sub(r"\s*,\s*", ", ", text)
    if text != text.upper():
        return text
    lowered = _WORD.sub(lambda match: _PROPER.get(match[0].casefold(), match[0].lower()), text)
    lowered = re.sub(r"\bt-light", "T-light", lowered)
    return lowered[:1].upper() + lowered[1:]


def category_of(code: str, name: str) -> str:
    """Find the category of a stock code by the words of its name."""
    if not is_goods(code):
        return CHARGES
    return next((category for category, pattern in _PATTERNS if pattern.search(name)), OTHER)


def region_of(country: str) -> str:
    """Give the key of the customer group that a country belongs to."""
    if country == "United Kingdom":
        return "uk"
    return "europe" if country in EUROPE else "overseas"
