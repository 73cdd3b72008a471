#!/bin/bash
# The manual's "Configurar Monitoreo Automático" (/opt/scripts/health_monitor.sh), as it stands there. Only these come from the
# environment instead: API_URL, WEBHOOK_SLACK, STATE_DIR (the manual's log folder and /tmp).
: "${API_URL:?}" "${WEBHOOK_SLACK:?}" "${STATE_DIR:?}"
LOG_FILE="$STATE_DIR/health.log"

check_health() {
    local timestamp=$(date '+%Y-%m-%d %H:%M:%S')
    local response=$(curl -s -w "%{http_code}" -o "$STATE_DIR/health_response.json" "$API_URL/health")
    local http_code="${response: -3}"

    if [ "$http_code" = "200" ]; then
        local status=$(jq -r '.status' "$STATE_DIR/health_response.json")
        if [ "$status" = "healthy" ]; then
            echo "[$timestamp] ✅ System HEALTHY" >> "$LOG_FILE"
            return 0
        else
            echo "[$timestamp] ⚠️  System DEGRADED - Status: $status" >> "$LOG_FILE"
            send_alert "⚠️ Sistema DEGRADADO" "$status"
            return 1
        fi
    else
        echo "[$timestamp] ❌ System DOWN - HTTP: $http_code" >> "$LOG_FILE"
        send_alert "🚨 Sistema CAÍDO" "HTTP $http_code"
        return 2
    fi
}

send_alert() {
    local title="$1"
    local message="$2"
    curl -X POST -H 'Content-type: application/json' \
        --data "{\"text\":\"$title: WhatsApp Notifications API\\n$message\"}" \
        "$WEBHOOK_SLACK"
}

# Ejecutar check
check_health
