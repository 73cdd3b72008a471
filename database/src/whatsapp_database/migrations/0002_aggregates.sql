-- Aggregates kept beside the data, so that reading them costs the same at a thousand rows and at ten million.
-- A notification counts as sent, delivered or read once, when the time of it is first known; the timestamps follow
-- from the state when a writer leaves them out (read implies delivered, delivered implies sent).

-- A row inserted beyond PENDIENTE (an import) counts what it says; the last statement lets the triggers below fill in
-- and count the times that its state implies.
CREATE TRIGGER whatsapp_notificaciones_alta AFTER INSERT ON whatsapp_notificaciones
BEGIN
    INSERT INTO whatsapp_conteo_estados (empresa_id, estado, total) VALUES (NEW.empresa_id, NEW.estado, 1)
        ON CONFLICT DO UPDATE SET total = total + 1;
    INSERT INTO whatsapp_totales (nombre, empresa_id, plantilla_id, valor)
        SELECT hito.column1, NEW.empresa_id, NEW.plantilla_id, 1 FROM (VALUES
            ('accepted', 1), ('sent', NEW.enviada_at IS NOT NULL), ('delivered', NEW.entregada_at IS NOT NULL),
            ('read', NEW.leida_at IS NOT NULL), ('failed', NEW.estado = 'ERROR')) AS hito
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
    WHERE id = NEW.id AND estado IN ('ENVIADA', 'ENTREGADA', 'LEIDA');
END;

CREATE TRIGGER whatsapp_notificaciones_estado AFTER UPDATE OF estado, empresa_id ON whatsapp_notificaciones
WHEN OLD.estado <> NEW.estado OR OLD.empresa_id <> NEW.empresa_id
BEGIN
    UPDATE whatsapp_conteo_estados SET total = total - 1 WHERE empresa_id = OLD.empresa_id AND estado = OLD.estado;
    INSERT INTO whatsapp_conteo_estados (empresa_id, estado, total) VALUES (NEW.empresa_id, NEW.estado, 1)
        ON CONFLICT DO UPDATE SET total = total + 1;
END;

CREATE TRIGGER whatsapp_notificaciones_error AFTER UPDATE OF estado ON whatsapp_notificaciones
WHEN OLD.estado <> NEW.estado AND NEW.estado = 'ERROR'
BEGIN
    INSERT INTO whatsapp_totales (nombre, empresa_id, plantilla_id, valor)
        VALUES ('failed', NEW.empresa_id, NEW.plantilla_id, 1)
        ON CONFLICT DO UPDATE SET valor = valor + 1;
    UPDATE whatsapp_metricas_diarias SET errores = errores + 1
    WHERE fecha_metrica = NEW.fecha_metrica AND empresa_id = NEW.empresa_id AND plantilla_id = NEW.plantilla_id;
END;

CREATE TRIGGER whatsapp_notificaciones_reintento AFTER UPDATE OF estado ON whatsapp_notificaciones
WHEN OLD.estado = 'ERROR' AND NEW.estado <> 'ERROR'
BEGIN
    UPDATE whatsapp_metricas_diarias SET errores = errores - 1
    WHERE fecha_metrica = NEW.fecha_metrica AND empresa_id = NEW.empresa_id AND plantilla_id = NEW.plantilla_id;
END;

CREATE TRIGGER whatsapp_notificaciones_hitos AFTER UPDATE OF estado ON whatsapp_notificaciones
WHEN (NEW.estado IN ('ENVIADA', 'ENTREGADA', 'LEIDA') AND NEW.enviada_at IS NULL)
    OR (NEW.estado IN ('ENTREGADA', 'LEIDA') AND NEW.entregada_at IS NULL)
    OR (NEW.estado = 'LEIDA' AND NEW.leida_at IS NULL)
BEGIN
    UPDATE whatsapp_notificaciones SET
        enviada_at = coalesce(enviada_at, entregada_at, leida_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
        entregada_at = CASE WHEN estado = 'ENVIADA' THEN entregada_at
            ELSE coalesce(entregada_at, leida_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) END,
        leida_at = CASE WHEN estado = 'LEIDA'
            THEN coalesce(leida_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ELSE leida_at END
    WHERE id = NEW.id;
END;

CREATE TRIGGER whatsapp_notificaciones_envio AFTER UPDATE OF enviada_at ON whatsapp_notificaciones
WHEN OLD.enviada_at IS NULL AND NEW.enviada_at IS NOT NULL
BEGIN
    INSERT INTO whatsapp_totales (nombre, empresa_id, plantilla_id, valor)
        VALUES ('sent', NEW.empresa_id, NEW.plantilla_id, 1)
        ON CONFLICT DO UPDATE SET valor = valor + 1;
    UPDATE whatsapp_metricas_diarias SET enviadas = enviadas + 1
    WHERE fecha_metrica = NEW.fecha_metrica AND empresa_id = NEW.empresa_id AND plantilla_id = NEW.plantilla_id;
END;

CREATE TRIGGER whatsapp_notificaciones_entrega AFTER UPDATE OF entregada_at ON whatsapp_notificaciones
WHEN OLD.entregada_at IS NULL AND NEW.entregada_at IS NOT NULL
BEGIN
    INSERT INTO whatsapp_totales (nombre, empresa_id, plantilla_id, valor)
        VALUES ('delivered', NEW.empresa_id, NEW.plantilla_id, 1)
        ON CONFLICT DO UPDATE SET valor = valor + 1;
    UPDATE whatsapp_metricas_diarias SET entregadas = entregadas + 1
    WHERE fecha_metrica = NEW.fecha_metrica AND empresa_id = NEW.empresa_id AND plantilla_id = NEW.plantilla_id;
END;

CREATE TRIGGER whatsapp_notificaciones_lectura AFTER UPDATE OF leida_at ON whatsapp_notificaciones
WHEN OLD.leida_at IS NULL AND NEW.leida_at IS NOT NULL
BEGIN
    INSERT INTO whatsapp_totales (nombre, empresa_id, plantilla_id, valor)
        VALUES ('read', NEW.empresa_id, NEW.plantilla_id, 1)
        ON CONFLICT DO UPDATE SET valor = valor + 1;
    UPDATE whatsapp_metricas_diarias SET leidas = leidas + 1
    WHERE fecha_metrica = NEW.fecha_metrica AND empresa_id = NEW.empresa_id AND plantilla_id = NEW.plantilla_id;
END;

CREATE TRIGGER whatsapp_notificaciones_baja AFTER DELETE ON whatsapp_notificaciones
BEGIN
    UPDATE whatsapp_conteo_estados SET total = total - 1 WHERE empresa_id = OLD.empresa_id AND estado = OLD.estado;
END;
