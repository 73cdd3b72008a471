-- Tables of the notification service. Names are the operations manual's; times are UTC text YYYY-MM-DDTHH:MM:SS.sssZ.

CREATE TABLE whatsapp_configuracion_horarios (
    id             INTEGER PRIMARY KEY,
    empresa_id     INTEGER NOT NULL UNIQUE,
    empresa_nombre TEXT NOT NULL,
    zona_horaria   TEXT NOT NULL DEFAULT 'America/Lima',
    hora_inicio    TEXT NOT NULL DEFAULT '08:00' CHECK (hora_inicio GLOB '[0-2][0-9]:[0-5][0-9]'),
    hora_fin       TEXT NOT NULL DEFAULT '20:00' CHECK (hora_fin GLOB '[0-2][0-9]:[0-5][0-9]'),
    dias           TEXT NOT NULL DEFAULT '[1,2,3,4,5,6]' CHECK (json_valid(dias)), -- ISO weekdays, 1 is Monday
    activo         INTEGER NOT NULL DEFAULT 1 CHECK (activo IN (0, 1))
);

CREATE TABLE whatsapp_contactos (
    id         INTEGER PRIMARY KEY,
    empresa_id INTEGER NOT NULL,
    nombre     TEXT NOT NULL,
    telefono   TEXT NOT NULL CHECK (telefono GLOB '+[1-9]*'), -- E.164
    activo     INTEGER NOT NULL DEFAULT 1 CHECK (activo IN (0, 1)),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX idx_whatsapp_contactos_empresa ON whatsapp_contactos (empresa_id);

CREATE TABLE whatsapp_plantillas_mensajes (
    id         INTEGER PRIMARY KEY,
    evento     TEXT NOT NULL,
    nombre     TEXT NOT NULL, -- the template's name at Meta
    idioma     TEXT NOT NULL DEFAULT 'es',
    categoria  TEXT NOT NULL DEFAULT 'UTILITY' CHECK (categoria IN ('UTILITY', 'MARKETING', 'AUTHENTICATION')),
    cuerpo     TEXT NOT NULL,
    variables  TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(variables)), -- names in the order of {{1}}, {{2}}, ...
    activo     INTEGER NOT NULL DEFAULT 1 CHECK (activo IN (0, 1)),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX idx_whatsapp_plantillas_evento ON whatsapp_plantillas_mensajes (evento, activo);

CREATE TABLE whatsapp_notificaciones (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT, -- echoed by Meta, so never used twice
    empresa_id          INTEGER NOT NULL,
    contacto_id         INTEGER NOT NULL REFERENCES whatsapp_contactos (id),
    plantilla_id        INTEGER NOT NULL REFERENCES whatsapp_plantillas_mensajes (id),
    valorizacion_id     INTEGER,
    evento              TEXT NOT NULL,
    variables           TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(variables)),
    estado              TEXT NOT NULL DEFAULT 'PENDIENTE' CHECK (estado IN
                        ('PENDIENTE', 'ENVIADA', 'ENTREGADA', 'LEIDA', 'ERROR', 'CANCELADA', 'DESCONOCIDA')),
    prioridad           INTEGER NOT NULL DEFAULT 0 CHECK (prioridad IN (0, 1, 2)), -- 2 goes first
    intentos            INTEGER NOT NULL DEFAULT 0,
    ultimo_error        TEXT,
    codigo_error        INTEGER,
    clase_error         TEXT,
    whatsapp_message_id TEXT UNIQUE,
    programada_para     TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    reservada_por       TEXT,
    reservada_hasta     TEXT,
    envio_iniciado_at   TEXT, -- set before the request to Meta leaves, cleared when its outcome is known
    fecha_metrica       TEXT NOT NULL DEFAULT (date('now')), -- the operators' local day of acceptance
    created_at          TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at          TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    enviada_at          TEXT,
    entregada_at        TEXT,
    leida_at            TEXT
);
CREATE INDEX idx_whatsapp_notificaciones_envio_pendiente
    ON whatsapp_notificaciones (prioridad, programada_para) WHERE estado = 'PENDIENTE';
CREATE INDEX idx_whatsapp_notificaciones_envio_iniciado
    ON whatsapp_notificaciones (reservada_hasta) WHERE envio_iniciado_at IS NOT NULL;
CREATE INDEX idx_whatsapp_notificaciones_valorizacion ON whatsapp_notificaciones (valorizacion_id);
CREATE INDEX idx_whatsapp_notificaciones_estado ON whatsapp_notificaciones (estado, id);

-- Outlives its notification (180 days against 90), hence no foreign key.
CREATE TABLE whatsapp_historial_notificaciones (
    id              INTEGER PRIMARY KEY,
    notificacion_id INTEGER NOT NULL,
    estado_anterior TEXT,
    estado_nuevo    TEXT NOT NULL,
    detalle         TEXT,
    created_at      TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX idx_whatsapp_historial_notificacion ON whatsapp_historial_notificaciones (notificacion_id);

-- Every figure counts the notifications that were accepted on fecha_metrica.
CREATE TABLE whatsapp_metricas_diarias (
    fecha_metrica TEXT NOT NULL,
    empresa_id    INTEGER NOT NULL,
    plantilla_id  INTEGER NOT NULL,
    total         INTEGER NOT NULL DEFAULT 0,
    enviadas      INTEGER NOT NULL DEFAULT 0,
    entregadas    INTEGER NOT NULL DEFAULT 0,
    leidas        INTEGER NOT NULL DEFAULT 0,
    errores       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (fecha_metrica, empresa_id, plantilla_id)
);

-- Rows now, per state.
CREATE TABLE whatsapp_conteo_estados (
    empresa_id INTEGER NOT NULL,
    estado     TEXT NOT NULL,
    total      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (empresa_id, estado)
) WITHOUT ROWID;

-- Counters since the beginning (nombre: accepted, sent, delivered, read, failed); deletes never lower them.
CREATE TABLE whatsapp_totales (
    nombre       TEXT NOT NULL,
    empresa_id   INTEGER NOT NULL,
    plantilla_id INTEGER NOT NULL,
    valor        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (nombre, empresa_id, plantilla_id)
) WITHOUT ROWID;

-- Webhook bodies as they came; holds phone numbers, so it is kept for days only (RETENTION_EVENTS_DAYS).
CREATE TABLE whatsapp_webhook_eventos (
    id           INTEGER PRIMARY KEY,
    cuerpo       BLOB NOT NULL,
    received_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    procesado_at TEXT,
    error        TEXT
);
CREATE INDEX idx_whatsapp_webhook_eventos_pendientes
    ON whatsapp_webhook_eventos (id) WHERE procesado_at IS NULL;
CREATE INDEX idx_whatsapp_webhook_eventos_recepcion ON whatsapp_webhook_eventos (received_at);

CREATE TABLE whatsapp_claves_idempotencia (
    cliente         TEXT NOT NULL, -- name of the API key
    clave           TEXT NOT NULL,
    huella          TEXT NOT NULL, -- SHA-256 of the request, to refuse another request under the same key
    notificacion_id INTEGER NOT NULL,
    created_at      TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (cliente, clave)
) WITHOUT ROWID;
CREATE INDEX idx_whatsapp_claves_idempotencia_creacion ON whatsapp_claves_idempotencia (created_at);

CREATE TABLE scheduler_state (
    id                INTEGER PRIMARY KEY CHECK (id = 1),
    last_execution    TEXT,
    next_execution    TEXT,
    active_jobs       INTEGER NOT NULL DEFAULT 0,
    heartbeat         TEXT,
    wake_requested_at TEXT -- set by process-pending, cleared by the scheduler
);
INSERT INTO scheduler_state (id) VALUES (1);

-- The Graph API as the scheduler's calls last found it.
CREATE TABLE whatsapp_api_estado (
    id                       INTEGER PRIMARY KEY CHECK (id = 1),
    status                   TEXT NOT NULL DEFAULT 'unknown' CHECK (status IN ('healthy', 'unhealthy', 'unknown')),
    rate_limit_remaining     INTEGER,
    rate_limit_reset_seconds INTEGER,
    last_successful_request  TEXT,
    last_error_code          INTEGER,
    last_error_class         TEXT,
    updated_at               TEXT
);
INSERT INTO whatsapp_api_estado (id) VALUES (1);

CREATE TABLE system_maintenance_log (
    id          INTEGER PRIMARY KEY,
    operation   TEXT NOT NULL, -- DATA_CLEANUP, BACKUP, RESTORE, REINDEX, DAILY_REPORT, ...
    executed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    details     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(details)),
    result      TEXT NOT NULL DEFAULT 'ok' CHECK (result IN ('ok', 'error')),
    duration_ms INTEGER
);
CREATE INDEX idx_system_maintenance_log_operation ON system_maintenance_log (operation, result, executed_at);
