-- What is told of every item of a category, each with its type and unit, and the values of the items.

CREATE TABLE trade_attribute (
    tenant_id   integer NOT NULL,
    id          uuid NOT NULL,
    category_id uuid NOT NULL,
    key         text NOT NULL,
    name        text NOT NULL,
    type        text NOT NULL CONSTRAINT trade_attribute_type CHECK (type IN ('number', 'text', 'choice', 'bool')),
    unit        text NOT NULL DEFAULT '',
    choices     text[] NOT NULL DEFAULT '{}',
    position    integer NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_attribute_key UNIQUE (tenant_id, category_id, key),
    CONSTRAINT trade_attribute_unit CHECK (unit = '' OR type = 'number'),
    CONSTRAINT trade_attribute_choices CHECK ((type = 'choice') = (choices <> '{}')),
    CONSTRAINT trade_attribute_category FOREIGN KEY (tenant_id, category_id) REFERENCES trade_category (tenant_id, id)
);
SELECT headgate_protect('trade_attribute');

-- one of the three holds the value: a number in the attribute's unit, a text or choice, yes or no
CREATE TABLE trade_sku_attribute (
    tenant_id    integer NOT NULL,
    sku_id       uuid NOT NULL,
    attribute_id uuid NOT NULL,
    number       numeric(24,9),
    text         text,
    flag         boolean,
    PRIMARY KEY (tenant_id, sku_id, attribute_id),
    CONSTRAINT trade_sku_attribute_one CHECK (num_nonnulls(number, text, flag) = 1),
    CONSTRAINT trade_sku_attribute_sku FOREIGN KEY (tenant_id, sku_id) REFERENCES trade_sku (tenant_id, id),
    CONSTRAINT trade_sku_attribute_attribute FOREIGN KEY (tenant_id, attribute_id)
        REFERENCES trade_attribute (tenant_id, id)
);
SELECT headgate_protect('trade_sku_attribute');
CREATE INDEX trade_sku_attribute_of ON trade_sku_attribute (tenant_id, attribute_id);
