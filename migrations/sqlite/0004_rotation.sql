-- The secret before the last rotation opens the door until previous_until.
ALTER TABLE api_keys ADD COLUMN previous_digest BLOB;
ALTER TABLE api_keys ADD COLUMN previous_until INTEGER;
