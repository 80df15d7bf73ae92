SELECT `fil\x65`('/etc/hostname', 'LineAsString', 'l String')
SELECT * FROM "\x66ile"('/etc/hostname', 'LineAsString', 'l String')
SELECT * APPLY(file) FROM (SELECT '/etc/hostname')
SELECT arrayMap(file, ['/etc/hostname'])
INSERT INTO a.own VALUES (file/**/('/etc/hostname'))
SELECT `dictGe\x74`('b.dict', 's', tuple('s'))
SELECT (SELECT groupArray(s) FROM b.both)
SELECT s FROM a.own UNION ALL SELECT s FROM `b`.`\x62oth`
