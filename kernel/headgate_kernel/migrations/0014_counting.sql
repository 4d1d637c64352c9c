-- Counts against a limit without waiting for others of the tenant who count: in a slot that nobody holds, else
-- in the one that is named. Says false when there was no room; then nothing is locked, because a slot that was
-- locked before it turned out to be full would let two who look at all slots wait for each other.
CREATE FUNCTION headgate_count(
    of_tenant integer, of_meter text, in_period date, more bigint, or_slot smallint
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE quota_use SET used = used + more
    WHERE tenant_id = of_tenant AND meter = of_meter AND period = in_period AND slot = (
        SELECT slot FROM quota_use
        WHERE tenant_id = of_tenant AND meter = of_meter AND period = in_period
          AND used + more >= 0 AND (share IS NULL OR used + more <= share)
        LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED);
    IF FOUND THEN
        RETURN true;
    END IF;
    RAISE SQLSTATE 'HG001';
EXCEPTION WHEN SQLSTATE 'HG001' THEN
    BEGIN
        UPDATE quota_use SET used = used + more
        WHERE tenant_id = of_tenant AND meter = of_meter AND period = in_period AND slot = or_slot
          AND used + more >= 0 AND (share IS NULL OR used + more <= share);
        IF FOUND THEN
            RETURN true;
        END IF;
        RAISE SQLSTATE 'HG001';
    EXCEPTION WHEN SQLSTATE 'HG001' THEN
        RETURN false;
    END;
END
$$;
REVOKE ALL ON FUNCTION headgate_count(integer, text, date, bigint, smallint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headgate_count(integer, text, date, bigint, smallint) TO headgate_app, headgate_platform;
