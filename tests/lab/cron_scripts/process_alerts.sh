#!/bin/bash
# The manual's "Script de Procesamiento de Alertas" (/opt/scripts/process_alerts.sh), as it stands there, with its one cooldown
# for all alerts: the manual's alerts.yml has others, but its script never reads that file. Only these come from the environment
# instead: API_URL, API_KEY, WEBHOOK_SLACK, STATE_DIR (the manual's state and log folders). It needs bc, too.
: "${API_URL:?}" "${API_KEY:?}" "${WEBHOOK_SLACK:?}" "${STATE_DIR:?}"
ALERTS_STATE="$STATE_DIR/alerts_state.json"
LOG_FILE="$STATE_DIR/alerts.log"

# Crear archivo de estado si no existe
[ ! -f "$ALERTS_STATE" ] && echo "{}" > "$ALERTS_STATE"

check_system_health() {
    local health=$(curl -s "$API_URL/health")
    local status=$(echo "$health" | jq -r '.status')

    if [ "$status" != "healthy" ]; then
        trigger_alert "system_down" "Sistema no saludable: $status" "critical"
    fi
}

check_error_rate() {
    local metrics=$(curl -s -H "X-API-Key: $API_KEY" "$API_URL/api/notifications/metrics")
    local error_rate=$(echo "$metrics" | jq -r '.tasa_error_porcentaje // 0')

    if (( $(echo "$error_rate > 5" | bc -l) )); then
        trigger_alert "high_error_rate" "Tasa de error alta: ${error_rate}%" "warning"
    fi
}

check_queue_backup() {
    local pending=$(curl -s -H "X-API-Key: $API_KEY" "$API_URL/api/notifications?estado=PENDIENTE&limite=1")
    local count=$(echo "$pending" | jq -r '.total // 0')

    if [ "$count" -gt 100 ]; then
        trigger_alert "queue_backup" "Cola de notificaciones alta: $count pendientes" "warning"
    fi
}

trigger_alert() {
    local alert_type="$1"
    local message="$2"
    local severity="$3"
    local timestamp=$(date '+%Y-%m-%d %H:%M:%S')

    # Verificar cooldown
    local last_alert=$(jq -r ".\"$alert_type\".last_sent // 0" "$ALERTS_STATE")
    local current_time=$(date +%s)
    local cooldown=300  # 5 minutos por defecto

    if [ $((current_time - last_alert)) -lt $cooldown ]; then
        return  # En cooldown, no enviar
    fi

    # Log de alerta
    echo "[$timestamp] ALERT [$severity] $alert_type: $message" >> "$LOG_FILE"

    # Enviar notificaciones
    case "$severity" in
        "critical")
            send_slack_alert "🚨 CRÍTICO" "$message"
            send_email_alert "[CRÍTICO]" "$message"
            ;;
        "warning")
            send_slack_alert "⚠️ ADVERTENCIA" "$message"
            send_email_alert "[ADVERTENCIA]" "$message"
            ;;
        "info")
            send_slack_alert "ℹ️ INFO" "$message"
            ;;
    esac

    # Actualizar estado de alertas
    local temp_file=$(mktemp)
    jq ".\"$alert_type\".last_sent = $current_time" "$ALERTS_STATE" > "$temp_file"
    mv "$temp_file" "$ALERTS_STATE"
}

send_slack_alert() {
    local emoji="$1"
    local message="$2"

    curl -X POST -H 'Content-type: application/json' \
        --data "{\"text\":\"$emoji WhatsApp Notifications\\n$message\"}" \
        "$WEBHOOK_SLACK" >/dev/null 2>&1
}

send_email_alert() {
    local subject="$1"
    local body="$2"

    if command -v mail >/dev/null 2>&1; then
        echo "$body" | mail -s "$subject WhatsApp Notifications - $(date)" admin@empresa.com
    fi
}

# Ejecutar todas las verificaciones
check_system_health
check_error_rate
check_queue_backup
