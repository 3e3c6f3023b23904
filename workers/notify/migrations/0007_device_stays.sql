-- A device leaves its topics when it is another person's, not whenever it is registered again: SQLite fires a trigger
-- `OF id` for every statement that names the column, also where its value stays.
DROP TRIGGER device_moved;

CREATE TRIGGER device_moved AFTER UPDATE OF id ON device WHEN NEW.id <> OLD.id BEGIN
  DELETE FROM topic_member WHERE device = OLD.id;
END;
