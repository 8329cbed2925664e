/** Series by their names, in the notation of promtool: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ */
type Series = Readonly<Record<string, string>>;

interface AlertCase {
  /** After so long one looks. */
  readonly at: string;
  readonly fires: Series;
  readonly calm: Series;
}

/** For each alert: what makes it fire, what does not, and when one looks. A value every 15 s. */
export const alertCases: Readonly<Record<string, AlertCase>> = {
  HubbubDown: {
    at: "5m",
    fires: { 'up{job="hubbub", instance="a"}': "0x200" },
    calm: { 'up{job="hubbub", instance="a"}': "1x200" },
  },
  HubbubRestarts: {
    at: "10m",
    fires: { 'process_start_time_seconds{job="hubbub", instance="a"}': "1x5 2x5 3x5 4x200" },
    calm: { 'process_start_time_seconds{job="hubbub", instance="a"}': "1x10 2x200" },
  },
  HubbubDiskRefusesWrites: {
    at: "5m",
    fires: { 'hubbub_store_writable{job="hubbub", instance="a"}': "0x200" },
    calm: { 'hubbub_store_writable{job="hubbub", instance="a"}': "1x200" },
  },
  HubbubDiskNearlyFull: {
    at: "10m",
    fires: {
      'hubbub_disk_free_bytes{job="hubbub", instance="a"}': "9x200",
      'hubbub_disk_size_bytes{job="hubbub", instance="a"}': "100x200",
    },
    calm: {
      'hubbub_disk_free_bytes{job="hubbub", instance="a"}': "20x200",
      'hubbub_disk_size_bytes{job="hubbub", instance="a"}': "100x200",
    },
  },
  HubbubDiskFillsUp: {
    at: "8h",
    fires: {
      'hubbub_disk_free_bytes{job="hubbub", instance="a"}': "4000000-300x3000",
      'hubbub_disk_size_bytes{job="hubbub", instance="a"}': "10000000x3000",
    },
    calm: {
      'hubbub_disk_free_bytes{job="hubbub", instance="a"}': "4000000-1x3000",
      'hubbub_disk_size_bytes{job="hubbub", instance="a"}': "10000000x3000",
    },
  },
  HubbubWalGrows: {
    at: "20m",
    fires: { 'hubbub_wal_bytes{job="hubbub", instance="a"}': "600000000x200" },
    calm: { 'hubbub_wal_bytes{job="hubbub", instance="a"}': "64000000x200" },
  },
  HubbubDiskStalls: {
    at: "20m",
    fires: { 'hubbub_slow_commits_seconds_total{job="hubbub", instance="a"}': "0+3x200" },
    calm: { 'hubbub_slow_commits_seconds_total{job="hubbub", instance="a"}': "0+0.5x200" },
  },
  HubbubMessagesLate: {
    at: "20m",
    fires: {
      'hubbub_message_duration_seconds_bucket{job="hubbub", instance="a", le="1.048576"}':
        "0+90x200",
      'hubbub_message_duration_seconds_bucket{job="hubbub", instance="a", le="2.097152"}':
        "0+100x200",
      'hubbub_message_duration_seconds_bucket{job="hubbub", instance="a", le="+Inf"}': "0+100x200",
    },
    calm: {
      'hubbub_message_duration_seconds_bucket{job="hubbub", instance="a", le="0.065536"}':
        "0+100x200",
      'hubbub_message_duration_seconds_bucket{job="hubbub", instance="a", le="+Inf"}': "0+100x200",
    },
  },
  HubbubEventLoopLate: {
    at: "20m",
    fires: { 'hubbub_event_loop_delay_seconds{job="hubbub", instance="a"}': "0.3x200" },
    calm: { 'hubbub_event_loop_delay_seconds{job="hubbub", instance="a"}': "0.01x200" },
  },
  HubbubMainThreadBusy: {
    at: "30m",
    fires: { 'hubbub_main_thread_cpu_seconds_total{job="hubbub", instance="a"}': "0+14x200" },
    calm: { 'hubbub_main_thread_cpu_seconds_total{job="hubbub", instance="a"}': "0+6x200" },
  },
  HubbubMemoryHigh: {
    at: "30m",
    fires: { 'process_resident_memory_bytes{job="hubbub", instance="a"}': "900000000x200" },
    calm: { 'process_resident_memory_bytes{job="hubbub", instance="a"}': "200000000x200" },
  },
  HubbubConnectionsNearLimit: {
    at: "20m",
    fires: {
      'hubbub_connections{job="hubbub", instance="a"}': "17000x200",
      'hubbub_connections_limit{job="hubbub", instance="a"}': "20000x200",
    },
    calm: {
      'hubbub_connections{job="hubbub", instance="a"}': "1700x200",
      'hubbub_connections_limit{job="hubbub", instance="a"}': "20000x200",
    },
  },
  HubbubOpenFilesNearLimit: {
    at: "20m",
    fires: {
      'hubbub_connections{job="hubbub", instance="a"}': "900x200",
      'process_max_fds{job="hubbub", instance="a"}': "1024x200",
    },
    calm: {
      'hubbub_connections{job="hubbub", instance="a"}': "900x200",
      'process_max_fds{job="hubbub", instance="a"}': "65536x200",
    },
  },
  HubbubArrivalsTurnedAway: {
    at: "20m",
    fires: {
      'hubbub_refusals_total{job="hubbub", instance="a", code="TOO_MANY_ARRIVALS"}': "0+5x200",
    },
    calm: {
      'hubbub_refusals_total{job="hubbub", instance="a", code="TOO_MANY_ARRIVALS"}': "0+0x200",
    },
  },
  HubbubOverloaded: {
    at: "20m",
    fires: { 'hubbub_refusals_total{job="hubbub", instance="a", code="OVERLOADED"}': "0+5x200" },
    calm: { 'hubbub_refusals_total{job="hubbub", instance="a", code="OVERLOADED"}': "0+0x200" },
  },
  HubbubClientsTooFast: {
    at: "20m",
    fires: { 'hubbub_refusals_total{job="hubbub", instance="a", code="RATE_LIMITED"}': "0+90x200" },
    calm: { 'hubbub_refusals_total{job="hubbub", instance="a", code="RATE_LIMITED"}': "0+30x200" },
  },
  HubbubSlowConsumers: {
    at: "20m",
    fires: {
      'hubbub_connections_closed_total{job="hubbub", instance="a", code="4000"}': "0+1x200",
    },
    calm: {
      'hubbub_connections_closed_total{job="hubbub", instance="a", code="4000"}': "0+0.1x200",
    },
  },
  HubbubSignInsWait: {
    at: "20m",
    fires: { 'hubbub_sign_in_expected_wait_seconds{job="hubbub", instance="a"}': "8x200" },
    calm: { 'hubbub_sign_in_expected_wait_seconds{job="hubbub", instance="a"}': "2x200" },
  },
  HubbubSignInsRefused: {
    at: "20m",
    fires: { 'hubbub_refusals_total{job="hubbub", instance="a", code="SIGN_IN_BUSY"}': "0+5x200" },
    calm: { 'hubbub_refusals_total{job="hubbub", instance="a", code="SIGN_IN_BUSY"}': "0+0x200" },
  },
  HubbubPasswordsUnavailable: {
    at: "20m",
    fires: {
      'hubbub_refusals_total{job="hubbub", instance="a", code="PASSWORDS_UNAVAILABLE"}': "0+5x200",
    },
    calm: {
      'hubbub_refusals_total{job="hubbub", instance="a", code="PASSWORDS_UNAVAILABLE"}': "0+0x200",
    },
  },
  HubbubPasswordsGuessed: {
    at: "30m",
    fires: {
      'hubbub_refusals_total{job="hubbub", instance="a", code="INVALID_CREDENTIALS"}': "0+30x200",
    },
    calm: {
      'hubbub_refusals_total{job="hubbub", instance="a", code="INVALID_CREDENTIALS"}': "0+5x200",
    },
  },
  HubbubFaults: {
    at: "20m",
    fires: { 'hubbub_refusals_total{job="hubbub", instance="a", code="INTERNAL"}': "0+1x200" },
    calm: { 'hubbub_refusals_total{job="hubbub", instance="a", code="INTERNAL"}': "0+0x200" },
  },
  HubbubBackupFailed: {
    at: "30m",
    fires: { 'hubbub_backups_failed_total{job="hubbub", instance="a"}': "0+0.05x200" },
    calm: { 'hubbub_backups_failed_total{job="hubbub", instance="a"}': "3x200" },
  },
  HubbubBackupLate: {
    at: "3h",
    fires: {
      'hubbub_backup_newest_timestamp_seconds{job="hubbub", instance="a"}': "0x2000",
      'hubbub_backup_interval_seconds{job="hubbub", instance="a"}': "3600x2000",
    },
    calm: {
      'hubbub_backup_newest_timestamp_seconds{job="hubbub", instance="a"}': "0+15x2000",
      'hubbub_backup_interval_seconds{job="hubbub", instance="a"}': "3600x2000",
    },
  },
};
