-- Counters for whoever watches: by one thing at a time, so that reading them grows neither with the notifications nor
-- with companies times templates; times in buckets; what Meta has told nothing of; recipients of the last day.

-- Countries by the beginning of a phone number, the longest that fits; from the numbering plans of libphonenumber.
CREATE TABLE whatsapp_paises (
    prefijo TEXT PRIMARY KEY, -- digits after the +
    pais    TEXT NOT NULL     -- ISO 3166-1
) WITHOUT ROWID;
INSERT INTO whatsapp_paises (prefijo, pais) VALUES
    ('1', 'US'), ('1204', 'CA'), ('1226', 'CA'), ('1236', 'CA'), ('1242', 'BS'), ('1246', 'BB'), ('1249', 'CA'),
    ('1250', 'CA'), ('1257', 'CA'), ('1263', 'CA'), ('1264', 'AI'), ('1268', 'AG'), ('1273', 'CA'), ('1284', 'VG'),
    ('1289', 'CA'), ('1306', 'CA'), ('1340', 'VI'), ('1343', 'CA'), ('1345', 'KY'), ('1354', 'CA'), ('1365', 'CA'),
    ('1367', 'CA'), ('1368', 'CA'), ('1382', 'CA'), ('1403', 'CA'), ('1416', 'CA'), ('1418', 'CA'), ('1428', 'CA'),
    ('1431', 'CA'), ('1437', 'CA'), ('1438', 'CA'), ('1441', 'BM'), ('1450', 'CA'), ('1468', 'CA'), ('1473', 'GD'),
    ('1474', 'CA'), ('1506', 'CA'), ('1514', 'CA'), ('1519', 'CA'), ('1548', 'CA'), ('1579', 'CA'), ('1581', 'CA'),
    ('1584', 'CA'), ('1587', 'CA'), ('1600', 'CA'), ('1604', 'CA'), ('1613', 'CA'), ('1622', 'CA'), ('1633', 'CA'),
    ('1639', 'CA'), ('1647', 'CA'), ('1649', 'TC'), ('1658', 'JM'), ('1664', 'MS'), ('1670', 'MP'), ('1671', 'GU'),
    ('1672', 'CA'), ('1683', 'CA'), ('1684', 'AS'), ('1705', 'CA'), ('1709', 'CA'), ('1721', 'SX'), ('1742', 'CA'),
    ('1753', 'CA'), ('1758', 'LC'), ('1767', 'DM'), ('1778', 'CA'), ('1780', 'CA'), ('1782', 'CA'), ('1784', 'VC'),
    ('1787', 'PR'), ('1807', 'CA'), ('1809', 'DO'), ('1819', 'CA'), ('1825', 'CA'), ('1829', 'DO'), ('1849', 'DO'),
    ('1867', 'CA'), ('1868', 'TT'), ('1869', 'KN'), ('1873', 'CA'), ('1876', 'JM'), ('1879', 'CA'), ('1902', 'CA'),
    ('1905', 'CA'), ('1939', 'PR'), ('1942', 'CA'), ('20', 'EG'), ('211', 'SS'), ('212', 'MA'), ('213', 'DZ'),
    ('216', 'TN'), ('218', 'LY'), ('220', 'GM'), ('221', 'SN'), ('222', 'MR'), ('223', 'ML'), ('224', 'GN'),
    ('225', 'CI'), ('226', 'BF'), ('227', 'NE'), ('228', 'TG'), ('229', 'BJ'), ('230', 'MU'), ('231', 'LR'),
    ('232', 'SL'), ('233', 'GH'), ('234', 'NG'), ('235', 'TD'), ('236', 'CF'), ('237', 'CM'), ('238', 'CV'),
    ('239', 'ST'), ('240', 'GQ'), ('241', 'GA'), ('242', 'CG'), ('243', 'CD'), ('244', 'AO'), ('245', 'GW'),
    ('246', 'IO'), ('247', 'AC'), ('248', 'SC'), ('249', 'SD'), ('250', 'RW'), ('251', 'ET'), ('252', 'SO'),
    ('253', 'DJ'), ('254', 'KE'), ('255', 'TZ'), ('256', 'UG'), ('257', 'BI'), ('258', 'MZ'), ('260', 'ZM'),
    ('261', 'MG'), ('262', 'RE'), ('263', 'ZW'), ('264', 'NA'), ('265', 'MW'), ('266', 'LS'), ('267', 'BW'),
    ('268', 'SZ'), ('269', 'KM'), ('27', 'ZA'), ('290', 'SH'), ('291', 'ER'), ('297', 'AW'), ('298', 'FO'),
    ('299', 'GL'), ('30', 'GR'), ('31', 'NL'), ('32', 'BE'), ('33', 'FR'), ('34', 'ES'), ('350', 'GI'), ('351', 'PT'),
    ('352', 'LU'), ('353', 'IE'), ('354', 'IS'), ('355', 'AL'), ('356', 'MT'), ('357', 'CY'), ('358', 'FI'),
    ('359', 'BG'), ('36', 'HU'), ('370', 'LT'), ('371', 'LV'), ('372', 'EE'), ('373', 'MD'), ('374', 'AM'),
    ('375', 'BY'), ('376', 'AD'), ('377', 'MC'), ('378', 'SM'), ('380', 'UA'), ('381', 'RS'), ('382', 'ME'),
    ('383', 'XK'), ('385', 'HR'), ('386', 'SI'), ('387', 'BA'), ('389', 'MK'), ('39', 'IT'), ('40', 'RO'),
    ('41', 'CH'), ('420', 'CZ'), ('421', 'SK'), ('423', 'LI'), ('43', 'AT'), ('44', 'GB'), ('45', 'DK'), ('46', 'SE'),
    ('47', 'NO'), ('48', 'PL'), ('49', 'DE'), ('500', 'FK'), ('501', 'BZ'), ('502', 'GT'), ('503', 'SV'),
    ('504', 'HN'), ('505', 'NI'), ('506', 'CR'), ('507', 'PA'), ('508', 'PM'), ('509', 'HT'), ('51', 'PE'),
    ('52', 'MX'), ('53', 'CU'), ('54', 'AR'), ('55', 'BR'), ('56', 'CL'), ('57', 'CO'), ('58', 'VE'), ('590', 'GP'),
    ('591', 'BO'), ('592', 'GY'), ('593', 'EC'), ('594', 'GF'), ('595', 'PY'), ('596', 'MQ'), ('597', 'SR'),
    ('598', 'UY'), ('599', 'CW'), ('60', 'MY'), ('61', 'AU'), ('62', 'ID'), ('63', 'PH'), ('64', 'NZ'), ('65', 'SG'),
    ('66', 'TH'), ('670', 'TL'), ('672', 'NF'), ('673', 'BN'), ('674', 'NR'), ('675', 'PG'), ('676', 'TO'),
    ('677', 'SB'), ('678', 'VU'), ('679', 'FJ'), ('680', 'PW'), ('681', 'WF'), ('682', 'CK'), ('683', 'NU'),
    ('685', 'WS'), ('686', 'KI'), ('687', 'NC'), ('688', 'TV'), ('689', 'PF'), ('690', 'TK'), ('691', 'FM'),
    ('692', 'MH'), ('7', 'RU'), ('76', 'KZ'), ('77', 'KZ'), ('81', 'JP'), ('82', 'KR'), ('84', 'VN'), ('850', 'KP'),
    ('852', 'HK'), ('853', 'MO'), ('855', 'KH'), ('856', 'LA'), ('86', 'CN'), ('880', 'BD'), ('886', 'TW'),
    ('90', 'TR'), ('91', 'IN'), ('92', 'PK'), ('93', 'AF'), ('94', 'LK'), ('95', 'MM'), ('960', 'MV'), ('961', 'LB'),
    ('962', 'JO'), ('963', 'SY'), ('964', 'IQ'), ('965', 'KW'), ('966', 'SA'), ('967', 'YE'), ('968', 'OM'),
    ('970', 'PS'), ('971', 'AE'), ('972', 'IL'), ('973', 'BH'), ('974', 'QA'), ('975', 'BT'), ('976', 'MN'),
    ('977', 'NP'), ('98', 'IR'), ('992', 'TJ'), ('993', 'TM'), ('994', 'AZ'), ('995', 'GE'), ('996', 'KG'),
    ('998', 'UZ');

-- The number's country, 'ZZ' when no prefix fits; and when something was last sent to it.
ALTER TABLE whatsapp_contactos ADD COLUMN pais TEXT;
ALTER TABLE whatsapp_contactos ADD COLUMN ultimo_envio_at TEXT;
UPDATE whatsapp_contactos SET pais = coalesce(
    (SELECT pais FROM whatsapp_paises WHERE prefijo = substr(telefono, 2, 4)),
    (SELECT pais FROM whatsapp_paises WHERE prefijo = substr(telefono, 2, 3)),
    (SELECT pais FROM whatsapp_paises WHERE prefijo = substr(telefono, 2, 2)),
    (SELECT pais FROM whatsapp_paises WHERE prefijo = substr(telefono, 2, 1)), 'ZZ');
CREATE TRIGGER whatsapp_contactos_telefono AFTER UPDATE OF telefono ON whatsapp_contactos
WHEN NEW.pais IS NULL OR OLD.telefono <> NEW.telefono
BEGIN
    UPDATE whatsapp_contactos SET pais = coalesce(
        (SELECT pais FROM whatsapp_paises WHERE prefijo = substr(NEW.telefono, 2, 4)),
        (SELECT pais FROM whatsapp_paises WHERE prefijo = substr(NEW.telefono, 2, 3)),
        (SELECT pais FROM whatsapp_paises WHERE prefijo = substr(NEW.telefono, 2, 2)),
        (SELECT pais FROM whatsapp_paises WHERE prefijo = substr(NEW.telefono, 2, 1)), 'ZZ')
    WHERE id = NEW.id;
END;
CREATE TRIGGER whatsapp_contactos_alta AFTER INSERT ON whatsapp_contactos
BEGIN
    UPDATE whatsapp_contactos SET telefono = telefono WHERE id = NEW.id;
END;

-- Counters since the beginning (by pais, error and cobro: since this version); nothing ever lowers them. A notification
-- that is sent again by an operator goes through its life, and counts, once more.
--   accepted, sent, delivered, read, failed: by empresa, plantilla (their ids), categoria (of the template), pais
--   failed also by error: class/code of the error that was known when it was counted, either may be empty
--   billable, free: by cobro (Meta's category/type of pricing, once a message), billable also by empresa
--   retried: attempts after one that counted; unknown: sends whose outcome is not known; both by total, with the key ''
CREATE TABLE whatsapp_contadores (
    nombre    TEXT NOT NULL,
    dimension TEXT NOT NULL,
    clave     TEXT NOT NULL,
    valor     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (nombre, dimension, clave)
) WITHOUT ROWID;
INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
    SELECT nombre, 'empresa', empresa_id, sum(valor) FROM whatsapp_totales GROUP BY nombre, empresa_id;
INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
    SELECT nombre, 'plantilla', plantilla_id, sum(valor) FROM whatsapp_totales GROUP BY nombre, plantilla_id;
INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
    SELECT total.nombre, 'categoria', plantilla.categoria, sum(total.valor)
    FROM whatsapp_totales AS total JOIN whatsapp_plantillas_mensajes AS plantilla ON plantilla.id = total.plantilla_id
    GROUP BY total.nombre, plantilla.categoria;
INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor) VALUES
    ('retried', 'total', '', 0), ('unknown', 'total', '', 0);

-- Times in buckets, each row what fell into it alone. The last bucket of a name has no bound: it is 1e18. Meta's moments
-- are whole seconds, so a short time may come out as none; less than none counts as none.
--   accepted_to_sent: also of what is sent again, from its first acceptance
--   due_to_sent: since it was last due (business hours, the wait after an error and sending again move that moment)
--   sent_to_delivered, delivered_to_read: unless a moment is known only because the later one implies it
CREATE TABLE whatsapp_duraciones (
    nombre TEXT NOT NULL,
    limite REAL NOT NULL, -- seconds, the bucket's upper bound
    total  INTEGER NOT NULL DEFAULT 0,
    suma   REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (nombre, limite)
) WITHOUT ROWID;
INSERT INTO whatsapp_duraciones (nombre, limite)
    SELECT nombres.column1, limites.column1
    FROM (VALUES ('accepted_to_sent'), ('due_to_sent'), ('sent_to_delivered'), ('delivered_to_read')) AS nombres,
        (VALUES (0.5), (1), (2.5), (5), (10), (30), (60), (120), (300), (900), (1800), (3600), (14400), (43200),
            (86400), (1e18)) AS limites;

-- What happened to a notification, said once and counted under everything that it belongs to.
CREATE VIEW whatsapp_hitos AS
    SELECT '' AS nombre, 0 AS empresa_id, 0 AS plantilla_id, 0 AS contacto_id WHERE 0;
CREATE TRIGGER whatsapp_hitos_alta INSTEAD OF INSERT ON whatsapp_hitos
BEGIN
    INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
        SELECT NEW.nombre, cuenta.dimension, cuenta.clave, 1 FROM (
            SELECT 'empresa' AS dimension, NEW.empresa_id AS clave
            UNION ALL SELECT 'plantilla', NEW.plantilla_id
            UNION ALL SELECT 'categoria', categoria FROM whatsapp_plantillas_mensajes WHERE id = NEW.plantilla_id
            UNION ALL SELECT 'pais', pais FROM whatsapp_contactos WHERE id = NEW.contacto_id) AS cuenta
        WHERE cuenta.clave IS NOT NULL
        ON CONFLICT DO UPDATE SET valor = valor + 1;
END;
CREATE VIEW whatsapp_mediciones AS SELECT '' AS nombre, '' AS desde, '' AS hasta WHERE 0;
CREATE TRIGGER whatsapp_mediciones_alta INSTEAD OF INSERT ON whatsapp_mediciones
WHEN NEW.desde IS NOT NULL AND NEW.hasta IS NOT NULL
BEGIN
    UPDATE whatsapp_duraciones SET total = total + 1,
        suma = suma + max(0, round((julianday(NEW.hasta) - julianday(NEW.desde)) * 86400, 3))
    WHERE nombre = NEW.nombre AND limite = (
        SELECT limite FROM whatsapp_duraciones
        WHERE nombre = NEW.nombre AND limite >= round((julianday(NEW.hasta) - julianday(NEW.desde)) * 86400, 3)
        ORDER BY limite LIMIT 1);
END;

-- Messages in ENVIADA, of which Meta has not told what became of them, by the minute of their sending. The cleanup takes
-- old minutes away.
CREATE TABLE whatsapp_enviadas_minuto (
    minuto TEXT PRIMARY KEY, -- YYYY-MM-DDTHH:MM
    total  INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
INSERT INTO whatsapp_enviadas_minuto (minuto, total)
    SELECT substr(enviada_at, 1, 16), count(*) FROM whatsapp_notificaciones
    WHERE estado = 'ENVIADA' AND enviada_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-2 days') GROUP BY 1;

-- Contacts by the hour of the last message to them. The cleanup takes old hours away.
CREATE TABLE whatsapp_destinatarios_hora (
    hora  TEXT PRIMARY KEY, -- YYYY-MM-DDTHH
    total INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
UPDATE whatsapp_contactos SET ultimo_envio_at = reciente.enviada_at FROM (
    -- By the index of contacts every notification would be looked up by itself.
    SELECT contacto_id, max(enviada_at) AS enviada_at FROM whatsapp_notificaciones NOT INDEXED
    WHERE enviada_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-2 days') GROUP BY contacto_id) AS reciente
WHERE whatsapp_contactos.id = reciente.contacto_id;
INSERT INTO whatsapp_destinatarios_hora (hora, total)
    SELECT substr(ultimo_envio_at, 1, 13), count(*) FROM whatsapp_contactos
    WHERE ultimo_envio_at IS NOT NULL GROUP BY 1;
CREATE TRIGGER whatsapp_contactos_envio AFTER UPDATE OF ultimo_envio_at ON whatsapp_contactos
WHEN substr(OLD.ultimo_envio_at, 1, 13) IS NOT substr(NEW.ultimo_envio_at, 1, 13)
BEGIN
    UPDATE whatsapp_destinatarios_hora SET total = total - 1
    WHERE hora = substr(OLD.ultimo_envio_at, 1, 13) AND total > 0;
    INSERT INTO whatsapp_destinatarios_hora (hora, total)
        SELECT substr(NEW.ultimo_envio_at, 1, 13), 1 WHERE NEW.ultimo_envio_at IS NOT NULL
        ON CONFLICT DO UPDATE SET total = total + 1;
END;
CREATE TRIGGER whatsapp_contactos_baja AFTER DELETE ON whatsapp_contactos
BEGIN
    UPDATE whatsapp_destinatarios_hora SET total = total - 1
    WHERE hora = substr(OLD.ultimo_envio_at, 1, 13) AND total > 0;
END;

-- Rows and bytes of each table with its indexes, as the last maintenance found them.
CREATE TABLE whatsapp_tablas (
    tabla     TEXT PRIMARY KEY,
    filas     INTEGER NOT NULL,
    bytes     INTEGER, -- NULL: the server does not tell
    medida_at TEXT NOT NULL
) WITHOUT ROWID;

-- What a row brings with it (an import) is taken out and put in again, so that it counts as if it had happened here.
DROP TRIGGER whatsapp_notificaciones_alta;
CREATE TRIGGER whatsapp_notificaciones_alta AFTER INSERT ON whatsapp_notificaciones
BEGIN
    INSERT INTO whatsapp_conteo_estados (empresa_id, estado, total) VALUES (NEW.empresa_id, NEW.estado, 1)
        ON CONFLICT DO UPDATE SET total = total + 1;
    INSERT INTO whatsapp_hitos (nombre, empresa_id, plantilla_id, contacto_id)
        VALUES ('accepted', NEW.empresa_id, NEW.plantilla_id, NEW.contacto_id);
    INSERT INTO whatsapp_metricas_diarias (fecha_metrica, empresa_id, plantilla_id, total, errores)
        VALUES (NEW.fecha_metrica, NEW.empresa_id, NEW.plantilla_id, 1, NEW.estado = 'ERROR')
        ON CONFLICT DO UPDATE SET total = total + 1, errores = errores + excluded.errores;
    INSERT INTO whatsapp_enviadas_minuto (minuto, total)
        SELECT substr(NEW.enviada_at, 1, 16), 1 WHERE NEW.estado = 'ENVIADA' AND NEW.enviada_at IS NOT NULL
        ON CONFLICT DO UPDATE SET total = total + 1;
    UPDATE whatsapp_contadores SET valor = valor + 1
    WHERE NEW.estado = 'DESCONOCIDA' AND nombre = 'unknown' AND dimension = 'total' AND clave = '';
    UPDATE whatsapp_notificaciones SET enviada_at = NULL, entregada_at = NULL, leida_at = NULL, fallida_at = NULL,
        facturable = NULL
    WHERE id = NEW.id AND coalesce(NEW.enviada_at, NEW.entregada_at, NEW.leida_at, NEW.fallida_at, NEW.facturable)
        IS NOT NULL;
    UPDATE whatsapp_notificaciones SET estado = estado, enviada_at = NEW.enviada_at, entregada_at = NEW.entregada_at,
        leida_at = NEW.leida_at, fallida_at = NEW.fallida_at, facturable = NEW.facturable
    WHERE id = NEW.id AND (NEW.estado IN ('ENVIADA', 'ENTREGADA', 'LEIDA', 'ERROR')
        OR coalesce(NEW.enviada_at, NEW.entregada_at, NEW.leida_at, NEW.fallida_at, NEW.facturable) IS NOT NULL);
END;

DROP TRIGGER whatsapp_notificaciones_fallo;
CREATE TRIGGER whatsapp_notificaciones_fallo AFTER UPDATE OF fallida_at ON whatsapp_notificaciones
WHEN OLD.fallida_at IS NULL AND NEW.fallida_at IS NOT NULL
BEGIN
    INSERT INTO whatsapp_hitos (nombre, empresa_id, plantilla_id, contacto_id)
        VALUES ('failed', NEW.empresa_id, NEW.plantilla_id, NEW.contacto_id);
    INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
        VALUES ('failed', 'error', coalesce(NEW.clase_error, '') || '/' || coalesce(NEW.codigo_error, ''), 1)
        ON CONFLICT DO UPDATE SET valor = valor + 1;
END;

DROP TRIGGER whatsapp_notificaciones_envio;
CREATE TRIGGER whatsapp_notificaciones_envio AFTER UPDATE OF enviada_at ON whatsapp_notificaciones
WHEN OLD.enviada_at IS NULL AND NEW.enviada_at IS NOT NULL
BEGIN
    INSERT INTO whatsapp_hitos (nombre, empresa_id, plantilla_id, contacto_id)
        VALUES ('sent', NEW.empresa_id, NEW.plantilla_id, NEW.contacto_id);
    INSERT INTO whatsapp_mediciones (nombre, desde, hasta) VALUES ('accepted_to_sent', NEW.created_at, NEW.enviada_at);
    INSERT INTO whatsapp_mediciones (nombre, desde, hasta) VALUES ('due_to_sent', NEW.programada_para, NEW.enviada_at);
    UPDATE whatsapp_metricas_diarias SET enviadas = enviadas + 1
    WHERE fecha_metrica = NEW.fecha_metrica AND empresa_id = NEW.empresa_id AND plantilla_id = NEW.plantilla_id;
    UPDATE whatsapp_contactos SET ultimo_envio_at = NEW.enviada_at
    WHERE id = NEW.contacto_id AND (ultimo_envio_at IS NULL OR ultimo_envio_at < NEW.enviada_at);
END;

DROP TRIGGER whatsapp_notificaciones_entrega;
CREATE TRIGGER whatsapp_notificaciones_entrega AFTER UPDATE OF entregada_at ON whatsapp_notificaciones
WHEN OLD.entregada_at IS NULL AND NEW.entregada_at IS NOT NULL
BEGIN
    INSERT INTO whatsapp_hitos (nombre, empresa_id, plantilla_id, contacto_id)
        VALUES ('delivered', NEW.empresa_id, NEW.plantilla_id, NEW.contacto_id);
    -- Before the answer to the send is stored, the moment at which the request left is the one that is known.
    INSERT INTO whatsapp_mediciones (nombre, desde, hasta) VALUES ('sent_to_delivered',
        CASE WHEN OLD.enviada_at IS NOT NULL OR NEW.enviada_at <> NEW.entregada_at THEN NEW.enviada_at
            ELSE OLD.envio_iniciado_at END, NEW.entregada_at);
    UPDATE whatsapp_metricas_diarias SET entregadas = entregadas + 1
    WHERE fecha_metrica = NEW.fecha_metrica AND empresa_id = NEW.empresa_id AND plantilla_id = NEW.plantilla_id;
END;

DROP TRIGGER whatsapp_notificaciones_lectura;
CREATE TRIGGER whatsapp_notificaciones_lectura AFTER UPDATE OF leida_at ON whatsapp_notificaciones
WHEN OLD.leida_at IS NULL AND NEW.leida_at IS NOT NULL
BEGIN
    INSERT INTO whatsapp_hitos (nombre, empresa_id, plantilla_id, contacto_id)
        VALUES ('read', NEW.empresa_id, NEW.plantilla_id, NEW.contacto_id);
    INSERT INTO whatsapp_mediciones (nombre, desde, hasta) VALUES ('delivered_to_read',
        CASE WHEN OLD.entregada_at IS NOT NULL OR NEW.entregada_at <> NEW.leida_at THEN NEW.entregada_at END,
        NEW.leida_at);
    UPDATE whatsapp_metricas_diarias SET leidas = leidas + 1
    WHERE fecha_metrica = NEW.fecha_metrica AND empresa_id = NEW.empresa_id AND plantilla_id = NEW.plantilla_id;
END;

CREATE TRIGGER whatsapp_notificaciones_sin_estado AFTER UPDATE OF estado, enviada_at ON whatsapp_notificaciones
WHEN CASE WHEN OLD.estado = 'ENVIADA' THEN substr(OLD.enviada_at, 1, 16) END
    IS NOT CASE WHEN NEW.estado = 'ENVIADA' THEN substr(NEW.enviada_at, 1, 16) END
BEGIN
    UPDATE whatsapp_enviadas_minuto SET total = total - 1
    WHERE OLD.estado = 'ENVIADA' AND minuto = substr(OLD.enviada_at, 1, 16) AND total > 0;
    INSERT INTO whatsapp_enviadas_minuto (minuto, total)
        SELECT substr(NEW.enviada_at, 1, 16), 1 WHERE NEW.estado = 'ENVIADA' AND NEW.enviada_at IS NOT NULL
        ON CONFLICT DO UPDATE SET total = total + 1;
END;

CREATE TRIGGER whatsapp_notificaciones_otro_intento AFTER UPDATE OF intentos ON whatsapp_notificaciones
WHEN NEW.intentos > OLD.intentos AND NEW.intentos > 1
BEGIN
    UPDATE whatsapp_contadores SET valor = valor + 1 WHERE nombre = 'retried' AND dimension = 'total' AND clave = '';
END;

CREATE TRIGGER whatsapp_notificaciones_desconocida AFTER UPDATE OF estado ON whatsapp_notificaciones
WHEN OLD.estado <> NEW.estado AND NEW.estado = 'DESCONOCIDA'
BEGIN
    UPDATE whatsapp_contadores SET valor = valor + 1 WHERE nombre = 'unknown' AND dimension = 'total' AND clave = '';
END;

CREATE TRIGGER whatsapp_notificaciones_cobro AFTER UPDATE OF facturable ON whatsapp_notificaciones
WHEN OLD.facturable IS NULL AND NEW.facturable IS NOT NULL
BEGIN
    INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
        SELECT CASE NEW.facturable WHEN 1 THEN 'billable' ELSE 'free' END, cuenta.dimension, cuenta.clave, 1 FROM (
            SELECT 'cobro' AS dimension,
                coalesce(NEW.cobro_categoria, '') || '/' || coalesce(NEW.cobro_tipo, '') AS clave
            UNION ALL SELECT 'empresa', NEW.empresa_id WHERE NEW.facturable = 1) AS cuenta
        WHERE true
        ON CONFLICT DO UPDATE SET valor = valor + 1;
END;

DROP TRIGGER whatsapp_notificaciones_baja;
CREATE TRIGGER whatsapp_notificaciones_baja AFTER DELETE ON whatsapp_notificaciones
BEGIN
    UPDATE whatsapp_conteo_estados SET total = total - 1 WHERE empresa_id = OLD.empresa_id AND estado = OLD.estado;
    UPDATE whatsapp_enviadas_minuto SET total = total - 1
    WHERE OLD.estado = 'ENVIADA' AND minuto = substr(OLD.enviada_at, 1, 16) AND total > 0;
END;

DROP TABLE whatsapp_totales;
