-- What each person does in the buyer's company. Until now one person did everything: its owner.

ALTER TABLE trade_customer_member
    ADD COLUMN role text NOT NULL DEFAULT 'owner'
    CONSTRAINT trade_customer_member_role CHECK (role IN ('owner', 'buyer', 'approver', 'finance'));
ALTER TABLE trade_customer_member ALTER COLUMN role DROP DEFAULT;
