-- The smallest order per customer group; the row without a group is for everybody else. 0 frees a group.
CREATE TABLE order_minimum_rule (
    tenant_id  integer NOT NULL,
    id         uuid NOT NULL,
    group_id   uuid,
    amount     bigint NOT NULL CONSTRAINT order_minimum_rule_amount CHECK (amount >= 0),
    currency   text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT order_minimum_rule_group UNIQUE NULLS NOT DISTINCT (tenant_id, group_id)
);
SELECT headgate_protect('order_minimum_rule');
COMMENT ON COLUMN order_minimum_rule.amount IS 'minor units of the currency';
