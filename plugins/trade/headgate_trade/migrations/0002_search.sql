-- Search may not run under row-level security: `@@` is not leakproof, so the index would not be used and the
-- whole tenant read for each keystroke. This function runs as headgate_platform, filters by tenant itself, and
-- gives nothing but ids, which the caller then reads under row-level security.

SET LOCAL ROLE headgate_platform;

CREATE FUNCTION trade_search(query text, lim integer, after_sort text, after_id uuid)
RETURNS TABLE (sku_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT s.sku_id
    FROM trade_sku_search s
    WHERE s.tenant_id = current_setting('headgate.tenant_id')::integer
      AND s.tokens @@ query::tsquery
      AND (after_sort IS NULL OR (s.sort, s.sku_id) > (after_sort, after_id))
    ORDER BY s.sort, s.sku_id
    LIMIT least(lim, 501);
END
$$;
REVOKE ALL ON FUNCTION trade_search(text, integer, text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trade_search(text, integer, text, uuid) TO headgate_app;

SET LOCAL ROLE headgate_owner;
