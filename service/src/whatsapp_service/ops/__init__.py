"""Operations commands (``whatsapp-ops``): backup, restore, cleanup, reindex, report, diagnosis, import.

They replace the shell scripts of the operations manual and keep its names, numbers and texts.
"""
