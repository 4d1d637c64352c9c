-- Products, customers, prices, stock, carts, orders and the ledger.
-- Every key starts with tenant_id; headgate_protect() forces row-level security and grants.

CREATE TABLE trade_category (
    tenant_id integer NOT NULL,
    id        uuid NOT NULL,
    name      text NOT NULL,
    icon      text NOT NULL DEFAULT 'package',
    sort      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_category_name UNIQUE (tenant_id, name)
);
SELECT headgate_protect('trade_category');

CREATE TABLE trade_product (
    tenant_id   integer NOT NULL,
    id          uuid NOT NULL,
    category_id uuid NOT NULL,
    name        text NOT NULL,
    description text NOT NULL DEFAULT '',
    image_id    uuid,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_product_name UNIQUE (tenant_id, category_id, name),
    CONSTRAINT trade_product_category FOREIGN KEY (tenant_id, category_id) REFERENCES trade_category (tenant_id, id)
);
SELECT headgate_protect('trade_product');

-- name and category are repeated on the SKU so that a page of 50 reads one table by keyset.
CREATE TABLE trade_sku (
    tenant_id    integer NOT NULL,
    id           uuid NOT NULL,
    product_id   uuid NOT NULL,
    category_id  uuid NOT NULL,
    code         text NOT NULL,
    name         text NOT NULL,
    spec         text NOT NULL DEFAULT '',
    barcode      text NOT NULL DEFAULT '',
    maker_code   text NOT NULL DEFAULT '',
    base_unit    text NOT NULL,
    base_price   numeric(18,6) NOT NULL CONSTRAINT trade_sku_price CHECK (base_price >= 0),
    stocked      boolean NOT NULL DEFAULT true,
    status       text NOT NULL DEFAULT 'active' CONSTRAINT trade_sku_status CHECK (status IN ('active', 'stopped')),
    min_quantity bigint NOT NULL DEFAULT 1 CONSTRAINT trade_sku_min CHECK (min_quantity >= 1),
    multiple     bigint NOT NULL DEFAULT 1 CONSTRAINT trade_sku_multiple CHECK (multiple >= 1),
    changed_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_sku_code UNIQUE (tenant_id, code),
    CONSTRAINT trade_sku_product FOREIGN KEY (tenant_id, product_id) REFERENCES trade_product (tenant_id, id)
);
SELECT headgate_protect('trade_sku');
CREATE INDEX trade_sku_page ON trade_sku (tenant_id, name, id) WHERE status = 'active';
CREATE INDEX trade_sku_category_page ON trade_sku (tenant_id, category_id, name, id) WHERE status = 'active';
CREATE INDEX trade_sku_barcode ON trade_sku (tenant_id, barcode) WHERE barcode <> '';

-- Sales units besides and including the base unit: one of it is num/den base units, exactly.
CREATE TABLE trade_sku_unit (
    tenant_id  integer NOT NULL,
    sku_id     uuid NOT NULL,
    name       text NOT NULL,
    num        bigint NOT NULL CONSTRAINT trade_sku_unit_num CHECK (num > 0),
    den        bigint NOT NULL CONSTRAINT trade_sku_unit_den CHECK (den > 0),
    sort       integer NOT NULL DEFAULT 0,
    is_default boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, sku_id, name),
    CONSTRAINT trade_sku_unit_sku FOREIGN KEY (tenant_id, sku_id) REFERENCES trade_sku (tenant_id, id)
);
SELECT headgate_protect('trade_sku_unit');

CREATE TABLE trade_sku_search (
    tenant_id integer NOT NULL,
    sku_id    uuid NOT NULL,
    tokens    tsvector NOT NULL,
    sort      text NOT NULL,
    PRIMARY KEY (tenant_id, sku_id),
    CONSTRAINT trade_sku_search_sku FOREIGN KEY (tenant_id, sku_id) REFERENCES trade_sku (tenant_id, id)
);
SELECT headgate_protect('trade_sku_search');
CREATE INDEX trade_sku_search_tokens ON trade_sku_search USING gin (tokens);

CREATE TABLE trade_price_list (
    tenant_id integer NOT NULL,
    id        uuid NOT NULL,
    key       text NOT NULL,
    name      text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_price_list_key UNIQUE (tenant_id, key)
);
SELECT headgate_protect('trade_price_list');

CREATE TABLE trade_price_list_item (
    tenant_id     integer NOT NULL,
    price_list_id uuid NOT NULL,
    sku_id        uuid NOT NULL,
    unit          text NOT NULL,
    price         numeric(18,6) NOT NULL CONSTRAINT trade_price_list_item_price CHECK (price >= 0),
    changed_at    timestamptz NOT NULL,
    changed_by    text NOT NULL,
    PRIMARY KEY (tenant_id, price_list_id, sku_id, unit),
    CONSTRAINT trade_price_list_item_list FOREIGN KEY (tenant_id, price_list_id) REFERENCES trade_price_list (tenant_id, id),
    CONSTRAINT trade_price_list_item_sku FOREIGN KEY (tenant_id, sku_id) REFERENCES trade_sku (tenant_id, id)
);
SELECT headgate_protect('trade_price_list_item');

CREATE TABLE trade_price_level (
    tenant_id integer NOT NULL,
    id        uuid NOT NULL,
    key       text NOT NULL,
    name      text NOT NULL,
    discount  numeric(9,6) NOT NULL CONSTRAINT trade_price_level_discount CHECK (discount >= 0 AND discount < 100),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_price_level_key UNIQUE (tenant_id, key)
);
SELECT headgate_protect('trade_price_level');
COMMENT ON COLUMN trade_price_level.discount IS 'percent off the base price';

CREATE TABLE trade_customer_group (
    tenant_id     integer NOT NULL,
    id            uuid NOT NULL,
    key           text NOT NULL,
    name          text NOT NULL,
    price_list_id uuid,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_customer_group_key UNIQUE (tenant_id, key),
    CONSTRAINT trade_customer_group_list FOREIGN KEY (tenant_id, price_list_id) REFERENCES trade_price_list (tenant_id, id)
);
SELECT headgate_protect('trade_customer_group');

CREATE TABLE trade_customer (
    tenant_id  integer NOT NULL,
    id         uuid NOT NULL,
    code       text NOT NULL,
    name       text NOT NULL,
    group_id   uuid,
    level_id   uuid,
    contact    text NOT NULL DEFAULT '',
    phone      text NOT NULL DEFAULT '',
    address    text NOT NULL DEFAULT '',
    status     text NOT NULL DEFAULT 'active' CONSTRAINT trade_customer_status CHECK (status IN ('active', 'stopped')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_customer_code UNIQUE (tenant_id, code),
    CONSTRAINT trade_customer_group_of FOREIGN KEY (tenant_id, group_id) REFERENCES trade_customer_group (tenant_id, id),
    CONSTRAINT trade_customer_level_of FOREIGN KEY (tenant_id, level_id) REFERENCES trade_price_level (tenant_id, id)
);
SELECT headgate_protect('trade_customer');
CREATE INDEX trade_customer_page ON trade_customer (tenant_id, name, id);

-- Which customer a signed-in buyer belongs to.
CREATE TABLE trade_customer_member (
    tenant_id     integer NOT NULL,
    membership_id uuid NOT NULL,
    customer_id   uuid NOT NULL,
    PRIMARY KEY (tenant_id, membership_id),
    CONSTRAINT trade_customer_member_customer FOREIGN KEY (tenant_id, customer_id) REFERENCES trade_customer (tenant_id, id)
);
SELECT headgate_protect('trade_customer_member');
CREATE INDEX trade_customer_member_of ON trade_customer_member (tenant_id, customer_id);

CREATE TABLE trade_customer_price (
    tenant_id   integer NOT NULL,
    customer_id uuid NOT NULL,
    sku_id      uuid NOT NULL,
    unit        text NOT NULL,
    price       numeric(18,6) NOT NULL CONSTRAINT trade_customer_price_price CHECK (price >= 0),
    changed_at  timestamptz NOT NULL,
    changed_by  text NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, sku_id, unit),
    CONSTRAINT trade_customer_price_customer FOREIGN KEY (tenant_id, customer_id) REFERENCES trade_customer (tenant_id, id),
    CONSTRAINT trade_customer_price_sku FOREIGN KEY (tenant_id, sku_id) REFERENCES trade_sku (tenant_id, id)
);
SELECT headgate_protect('trade_customer_price');

-- The price at which the customer last traded this SKU in this unit (客户跟踪价).
CREATE TABLE trade_tracked_price (
    tenant_id   integer NOT NULL,
    customer_id uuid NOT NULL,
    sku_id      uuid NOT NULL,
    unit        text NOT NULL,
    price       numeric(18,6) NOT NULL,
    order_id    uuid,
    traded_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, sku_id, unit)
) WITH (fillfactor = 80);
SELECT headgate_protect('trade_tracked_price');

CREATE TABLE trade_warehouse (
    tenant_id  integer NOT NULL,
    id         uuid NOT NULL,
    key        text NOT NULL,
    name       text NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_warehouse_key UNIQUE (tenant_id, key)
);
SELECT headgate_protect('trade_warehouse');

-- Projection of the movements; the check is the last guard against overselling.
CREATE TABLE trade_stock (
    tenant_id    integer NOT NULL,
    warehouse_id uuid NOT NULL,
    sku_id       uuid NOT NULL,
    on_hand      bigint NOT NULL DEFAULT 0,
    reserved     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, warehouse_id, sku_id),
    CONSTRAINT trade_stock_enough CHECK (reserved >= 0 AND reserved <= on_hand),
    CONSTRAINT trade_stock_warehouse FOREIGN KEY (tenant_id, warehouse_id) REFERENCES trade_warehouse (tenant_id, id),
    CONSTRAINT trade_stock_sku FOREIGN KEY (tenant_id, sku_id) REFERENCES trade_sku (tenant_id, id)
) WITH (fillfactor = 70);
SELECT headgate_protect('trade_stock');

CREATE TABLE trade_stock_movement (
    tenant_id      integer NOT NULL,
    id             uuid NOT NULL,
    warehouse_id   uuid NOT NULL,
    sku_id         uuid NOT NULL,
    kind           text NOT NULL CONSTRAINT trade_stock_movement_kind
                   CHECK (kind IN ('opening', 'receipt', 'reserve', 'release', 'issue', 'return', 'adjust')),
    on_hand_delta  bigint NOT NULL,
    reserved_delta bigint NOT NULL,
    document_type  text NOT NULL,
    document_id    uuid NOT NULL,
    at             timestamptz NOT NULL,
    actor          text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT headgate_protect('trade_stock_movement');
SELECT headgate_append_only('trade_stock_movement');
CREATE INDEX trade_stock_movement_sku ON trade_stock_movement (tenant_id, sku_id, id);
CREATE INDEX trade_stock_movement_document ON trade_stock_movement (tenant_id, document_id);

CREATE TABLE trade_cart_line (
    tenant_id     integer NOT NULL,
    membership_id uuid NOT NULL,
    sku_id        uuid NOT NULL,
    unit          text NOT NULL,
    quantity      numeric(18,6) NOT NULL CONSTRAINT trade_cart_line_quantity CHECK (quantity > 0),
    added_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, membership_id, sku_id, unit),
    CONSTRAINT trade_cart_line_sku FOREIGN KEY (tenant_id, sku_id) REFERENCES trade_sku (tenant_id, id)
);
SELECT headgate_protect('trade_cart_line');

-- released_at .. cancelled_at are projections of the workflow's milestones.
CREATE TABLE trade_order (
    tenant_id       integer NOT NULL,
    id              uuid NOT NULL,
    number          text NOT NULL,
    customer_id     uuid NOT NULL,
    placed_by       uuid,
    placed_by_name  text NOT NULL,
    placed_at       timestamptz NOT NULL,
    source          text NOT NULL,
    reference       text NOT NULL DEFAULT '',
    note            text NOT NULL DEFAULT '',
    address         text NOT NULL DEFAULT '',
    currency        text NOT NULL,
    total           bigint NOT NULL,
    idempotency_key text NOT NULL,
    request_hash    bytea NOT NULL,
    released_at     timestamptz,
    issued_at       timestamptz,
    received_at     timestamptz,
    completed_at    timestamptz,
    cancelled_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_order_number UNIQUE (tenant_id, number),
    CONSTRAINT trade_order_idempotency UNIQUE (tenant_id, customer_id, idempotency_key),
    CONSTRAINT trade_order_customer FOREIGN KEY (tenant_id, customer_id) REFERENCES trade_customer (tenant_id, id)
);
SELECT headgate_protect('trade_order');
CREATE INDEX trade_order_recent ON trade_order (tenant_id, placed_at DESC, id DESC);
CREATE INDEX trade_order_of_customer ON trade_order (tenant_id, customer_id, placed_at DESC, id DESC);

CREATE TABLE trade_order_line (
    tenant_id     integer NOT NULL,
    order_id      uuid NOT NULL,
    line_no       integer NOT NULL,
    sku_id        uuid NOT NULL,
    sku_code      text NOT NULL,
    sku_name      text NOT NULL,
    spec          text NOT NULL,
    unit          text NOT NULL,
    quantity      numeric(18,6) NOT NULL CONSTRAINT trade_order_line_quantity CHECK (quantity > 0),
    base_quantity bigint NOT NULL CONSTRAINT trade_order_line_base CHECK (base_quantity > 0),
    unit_price    numeric(18,6) NOT NULL,
    amount        bigint NOT NULL,
    price_rule    text NOT NULL,
    price_trace   jsonb NOT NULL,
    warehouse_id  uuid,
    PRIMARY KEY (tenant_id, order_id, line_no),
    CONSTRAINT trade_order_line_order FOREIGN KEY (tenant_id, order_id) REFERENCES trade_order (tenant_id, id)
);
SELECT headgate_protect('trade_order_line');
COMMENT ON COLUMN trade_order_line.warehouse_id IS 'null for what is not stocked, such as postage';

-- posted and pending are projections of the transfers, kept for customers only (a tenant's revenue is one hot row).
CREATE TABLE trade_account (
    tenant_id   integer NOT NULL,
    id          uuid NOT NULL,
    kind        text NOT NULL CONSTRAINT trade_account_kind CHECK (kind IN ('receivable', 'revenue', 'returns', 'cash')),
    customer_id uuid,
    currency    text NOT NULL,
    posted      bigint NOT NULL DEFAULT 0,
    pending     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_account_of UNIQUE NULLS NOT DISTINCT (tenant_id, kind, customer_id, currency),
    CONSTRAINT trade_account_customer FOREIGN KEY (tenant_id, customer_id) REFERENCES trade_customer (tenant_id, id)
) WITH (fillfactor = 80);
SELECT headgate_protect('trade_account');

-- Double entry: each row debits one account and credits another. phase: posted at once; pending holds;
-- post and void end the pending transfer that pending_id names. Nothing is ever changed.
CREATE TABLE trade_transfer (
    tenant_id         integer NOT NULL,
    id                uuid NOT NULL,
    debit_account_id  uuid NOT NULL,
    credit_account_id uuid NOT NULL,
    amount            bigint NOT NULL CONSTRAINT trade_transfer_amount CHECK (amount >= 0),
    currency          text NOT NULL,
    phase             text NOT NULL CONSTRAINT trade_transfer_phase CHECK (phase IN ('posted', 'pending', 'post', 'void')),
    pending_id        uuid,
    document_type     text NOT NULL,
    document_id       uuid NOT NULL,
    document_number   text NOT NULL,
    at                timestamptz NOT NULL,
    actor             text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trade_transfer_end UNIQUE (tenant_id, pending_id),
    CONSTRAINT trade_transfer_debit FOREIGN KEY (tenant_id, debit_account_id) REFERENCES trade_account (tenant_id, id),
    CONSTRAINT trade_transfer_credit FOREIGN KEY (tenant_id, credit_account_id) REFERENCES trade_account (tenant_id, id),
    CONSTRAINT trade_transfer_pending FOREIGN KEY (tenant_id, pending_id) REFERENCES trade_transfer (tenant_id, id)
);
SELECT headgate_protect('trade_transfer');
SELECT headgate_append_only('trade_transfer');
CREATE INDEX trade_transfer_debits ON trade_transfer (tenant_id, debit_account_id, id);
CREATE INDEX trade_transfer_credits ON trade_transfer (tenant_id, credit_account_id, id);
CREATE INDEX trade_transfer_document ON trade_transfer (tenant_id, document_id);
