-- Several schedulers, shared rates, pauses, keys, events of the account, failures that are kept apart.

-- Echoed by Meta together with the id, so that a status of an earlier send never speaks of a later one.
ALTER TABLE whatsapp_notificaciones ADD COLUMN envio_numero INTEGER NOT NULL DEFAULT 0;
-- The request that asked for the notification, from nginx to the log line of its send.
ALTER TABLE whatsapp_notificaciones ADD COLUMN request_id TEXT;
-- When it failed; stays when a later status proves that the message arrived all the same.
ALTER TABLE whatsapp_notificaciones ADD COLUMN fallida_at TEXT;
-- Meta's pricing of the message, the same on each of its statuses.
ALTER TABLE whatsapp_notificaciones ADD COLUMN facturable INTEGER CHECK (facturable IN (0, 1));
ALTER TABLE whatsapp_notificaciones ADD COLUMN cobro_categoria TEXT;
ALTER TABLE whatsapp_notificaciones ADD COLUMN cobro_tipo TEXT;
CREATE INDEX idx_whatsapp_notificaciones_empresa ON whatsapp_notificaciones (empresa_id, id);
CREATE INDEX idx_whatsapp_notificaciones_contacto ON whatsapp_notificaciones (contacto_id, id);
UPDATE whatsapp_notificaciones SET fallida_at = updated_at WHERE estado = 'ERROR';

-- What the last check of the number said, and when Meta last refused it.
ALTER TABLE whatsapp_contactos ADD COLUMN telefono_motivo TEXT; -- why it cannot be a mobile number; NULL: it can
ALTER TABLE whatsapp_contactos ADD COLUMN telefono_revisado_at TEXT;
ALTER TABLE whatsapp_contactos ADD COLUMN telefono_rechazado_at TEXT;
ALTER TABLE whatsapp_contactos ADD COLUMN telefono_codigo_error INTEGER;
CREATE INDEX idx_whatsapp_contactos_telefono_malo ON whatsapp_contactos (id)
    WHERE telefono_motivo IS NOT NULL OR telefono_rechazado_at IS NOT NULL;

-- The template as Meta's webhooks last told of it.
ALTER TABLE whatsapp_plantillas_mensajes ADD COLUMN meta_estado TEXT;
ALTER TABLE whatsapp_plantillas_mensajes ADD COLUMN meta_calidad TEXT;
ALTER TABLE whatsapp_plantillas_mensajes ADD COLUMN meta_categoria TEXT;
ALTER TABLE whatsapp_plantillas_mensajes ADD COLUMN meta_motivo TEXT;
ALTER TABLE whatsapp_plantillas_mensajes ADD COLUMN meta_at TEXT;
CREATE INDEX idx_whatsapp_plantillas_nombre ON whatsapp_plantillas_mensajes (nombre, idioma);

-- Sending stopped, by an operator until resumed or by an error of Meta's until `hasta`.
CREATE TABLE whatsapp_pausas_envio (
    id           INTEGER PRIMARY KEY,
    alcance      TEXT NOT NULL CHECK (alcance IN ('todo', 'empresa', 'plantilla')),
    objeto_id    INTEGER NOT NULL DEFAULT 0, -- company or template; 0 with 'todo'
    origen       TEXT NOT NULL CHECK (origen IN ('operador', 'meta')),
    motivo       TEXT NOT NULL,
    codigo_error INTEGER,
    clase_error  TEXT,
    creada_por   TEXT NOT NULL,
    desde        TEXT NOT NULL,
    hasta        TEXT,
    UNIQUE (alcance, objeto_id, origen)
);

-- When the next send may leave, as Unix seconds: of all processes together, and to one recipient. Rows of recipients are
-- personal data and are deleted when their time has passed.
CREATE TABLE whatsapp_ritmo_envio (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    libre_desde REAL NOT NULL DEFAULT 0
);
INSERT INTO whatsapp_ritmo_envio (id) VALUES (1);
CREATE TABLE whatsapp_ritmo_destinatarios (
    telefono    TEXT PRIMARY KEY,
    libre_desde REAL NOT NULL
) WITHOUT ROWID;

-- What each scheduler tells about itself and about the Graph API as it finds it.
CREATE TABLE scheduler_instances (
    instancia                TEXT PRIMARY KEY, -- host:process:random
    heartbeat                TEXT, -- NULL: it ended on purpose
    active_jobs              INTEGER NOT NULL DEFAULT 0,
    last_execution           TEXT,
    next_execution           TEXT,
    enviados_minuto          INTEGER NOT NULL DEFAULT 0, -- sends in the last 60 seconds
    oldest_send_seconds      INTEGER NOT NULL DEFAULT 0, -- until the oldest of them leaves the window
    graph_status             TEXT NOT NULL DEFAULT 'unknown'
                             CHECK (graph_status IN ('healthy', 'unhealthy', 'unknown')),
    last_successful_request  TEXT,
    last_error_code          INTEGER,
    last_error_class         TEXT,
    updated_at               TEXT NOT NULL
) WITHOUT ROWID;
ALTER TABLE scheduler_state DROP COLUMN last_execution;
ALTER TABLE scheduler_state DROP COLUMN next_execution;
ALTER TABLE scheduler_state DROP COLUMN active_jobs;
ALTER TABLE scheduler_state DROP COLUMN heartbeat;
DROP TABLE whatsapp_api_estado;

-- A body with ids that are not known yet is looked at once more.
ALTER TABLE whatsapp_webhook_eventos ADD COLUMN reintentar_at TEXT;

-- Webhooks about templates, quality, limits and the account (every field but `messages`).
CREATE TABLE whatsapp_eventos_cuenta (
    id          INTEGER PRIMARY KEY,
    campo       TEXT NOT NULL, -- Meta's field
    evento      TEXT,          -- APPROVED, PAUSED, ONBOARDING, ...
    objeto      TEXT,          -- the template's name, or what else it is about; never a phone number
    detalle     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detalle)),
    huella      TEXT NOT NULL UNIQUE, -- of the change and its time: the same event twice is one
    ocurrido_at TEXT NOT NULL,
    received_at TEXT NOT NULL
);
CREATE INDEX idx_whatsapp_eventos_cuenta_campo ON whatsapp_eventos_cuenta (campo, id);

-- API keys that a command issued; those of the settings' file are not here.
CREATE TABLE whatsapp_claves_api (
    nombre      TEXT PRIMARY KEY,
    prefijo     TEXT NOT NULL UNIQUE, -- the public part of the key, which finds its row
    sha256      TEXT NOT NULL,
    alcances    TEXT NOT NULL CHECK (json_valid(alcances)),
    created_at  TEXT NOT NULL,
    revocada_at TEXT
) WITHOUT ROWID;

-- `failed` counts a failure when its time is first known, whatever other statuses say before or after; `errores` of the day
-- counts the notifications that are in ERROR.
DROP TRIGGER whatsapp_notificaciones_error;
CREATE TRIGGER whatsapp_notificaciones_error AFTER UPDATE OF estado ON whatsapp_notificaciones
WHEN OLD.estado <> NEW.estado AND NEW.estado = 'ERROR'
BEGIN
    UPDATE whatsapp_metricas_diarias SET errores = errores + 1
    WHERE fecha_metrica = NEW.fecha_metrica AND empresa_id = NEW.empresa_id AND plantilla_id = NEW.plantilla_id;
END;
CREATE TRIGGER whatsapp_notificaciones_fallo AFTER UPDATE OF fallida_at ON whatsapp_notificaciones
WHEN OLD.fallida_at IS NULL AND NEW.fallida_at IS NOT NULL
BEGIN
    INSERT INTO whatsapp_totales (nombre, empresa_id, plantilla_id, valor)
        VALUES ('failed', NEW.empresa_id, NEW.plantilla_id, 1)
        ON CONFLICT DO UPDATE SET valor = valor + 1;
END;

DROP TRIGGER whatsapp_notificaciones_alta;
CREATE TRIGGER whatsapp_notificaciones_alta AFTER INSERT ON whatsapp_notificaciones
BEGIN
    INSERT INTO whatsapp_conteo_estados (empresa_id, estado, total) VALUES (NEW.empresa_id, NEW.estado, 1)
        ON CONFLICT DO UPDATE SET total = total + 1;
    INSERT INTO whatsapp_totales (nombre, empresa_id, plantilla_id, valor)
        SELECT hito.column1, NEW.empresa_id, NEW.plantilla_id, 1 FROM (VALUES
            ('accepted', 1), ('sent', NEW.enviada_at IS NOT NULL), ('delivered', NEW.entregada_at IS NOT NULL),
            ('read', NEW.leida_at IS NOT NULL), ('failed', NEW.fallida_at IS NOT NULL)) AS hito
        WHERE hito.column2
        ON CONFLICT DO UPDATE SET valor = valor + 1;
    INSERT INTO whatsapp_metricas_diarias
        (fecha_metrica, empresa_id, plantilla_id, total, enviadas, entregadas, leidas, errores)
        VALUES (NEW.fecha_metrica, NEW.empresa_id, NEW.plantilla_id, 1, NEW.enviada_at IS NOT NULL,
            NEW.entregada_at IS NOT NULL, NEW.leida_at IS NOT NULL, NEW.estado = 'ERROR')
        ON CONFLICT DO UPDATE SET total = total + 1, enviadas = enviadas + excluded.enviadas,
            entregadas = entregadas + excluded.entregadas, leidas = leidas + excluded.leidas,
            errores = errores + excluded.errores;
    UPDATE whatsapp_notificaciones SET estado = estado
    WHERE id = NEW.id AND estado IN ('ENVIADA', 'ENTREGADA', 'LEIDA', 'ERROR');
END;

DROP TRIGGER whatsapp_notificaciones_hitos;
CREATE TRIGGER whatsapp_notificaciones_hitos AFTER UPDATE OF estado ON whatsapp_notificaciones
WHEN (NEW.estado IN ('ENVIADA', 'ENTREGADA', 'LEIDA') AND NEW.enviada_at IS NULL)
    OR (NEW.estado IN ('ENTREGADA', 'LEIDA') AND NEW.entregada_at IS NULL)
    OR (NEW.estado = 'LEIDA' AND NEW.leida_at IS NULL)
    OR (NEW.estado = 'ERROR' AND NEW.fallida_at IS NULL)
BEGIN
    UPDATE whatsapp_notificaciones SET
        enviada_at = CASE WHEN estado = 'ERROR' THEN enviada_at
            ELSE coalesce(enviada_at, entregada_at, leida_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) END,
        entregada_at = CASE WHEN estado IN ('ENVIADA', 'ERROR') THEN entregada_at
            ELSE coalesce(entregada_at, leida_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) END,
        leida_at = CASE WHEN estado = 'LEIDA'
            THEN coalesce(leida_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ELSE leida_at END,
        fallida_at = CASE WHEN estado = 'ERROR'
            THEN coalesce(fallida_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ELSE fallida_at END
    WHERE id = NEW.id;
END;
