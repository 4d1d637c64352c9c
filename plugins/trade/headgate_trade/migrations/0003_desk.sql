-- What stands behind stock that was received or corrected by hand: who did it and why.
CREATE TABLE trade_stock_document (
    tenant_id integer NOT NULL,
    id        uuid NOT NULL,
    kind      text NOT NULL CONSTRAINT trade_stock_document_kind CHECK (kind IN ('receipt', 'correction', 'count')),
    reason    text NOT NULL,
    at        timestamptz NOT NULL,
    actor     text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT headgate_protect('trade_stock_document');
SELECT headgate_append_only('trade_stock_document');

-- A file between its check and its import; kept for a day so that refused rows can be fetched.
CREATE TABLE trade_import_file (
    tenant_id  integer NOT NULL,
    id         uuid NOT NULL,
    kind       text NOT NULL,
    name       text NOT NULL,
    content    bytea NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT headgate_protect('trade_import_file');
