import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/** Flink SQL in one process, as a stream: Flink INPUT OUTPUT PARALLELISM */
public class Flink {
  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory(Path.of(arguments[1]).getParent(), "flink-");
    Configuration configuration = new Configuration();
    configuration.setString("parallelism.default", arguments[2]);
    configuration.setString("table.local-time-zone", "UTC");
    TableEnvironment table =
        TableEnvironment.create(
            EnvironmentSettings.newInstance()
                .inStreamingMode()
                .withConfiguration(configuration)
                .build());
    table.executeSql(
        "create table events ("
            + " name string, `value` double, `timestamp` double, agg_func string,"
            + " event_time as to_timestamp_ltz(cast(round(`timestamp` * 1000, 0) as bigint), 3),"
            + " watermark for event_time as event_time - interval '5' second"
            + ") with ('connector' = 'filesystem', 'format' = 'json', 'path' = '"
            + arguments[0]
            + "')");
    table.executeSql(
        "create table answers ("
            + " name string, agg_func string, window_start bigint, `value` double, `count` bigint"
            + ") with ('connector' = 'filesystem', 'format' = 'json', 'path' = '"
            + folder
            + "')");
    table
        .executeSql(
            "insert into answers select name, agg_func,"
                + " unix_timestamp(date_format(window_start, 'yyyy-MM-dd HH:mm:ss')),"
                + " case agg_func when 'sum' then sum(`value`) when 'avg' then avg(`value`)"
                + " when 'min' then min(`value`) else max(`value`) end, count(*)"
                + " from table(tumble(table events, descriptor(event_time), interval '1' minute))"
                + " group by name, agg_func, window_start, window_end")
        .await();
    try (Stream<Path> parts = Files.walk(folder)) {
      List<Path> files = parts.filter(Files::isRegularFile).sorted(Comparator.naturalOrder()).toList();
      Path output = Path.of(arguments[1]);
      Files.deleteIfExists(output);
      try (var stream = Files.newOutputStream(output)) {
        for (Path file : files) Files.copy(file, stream);
      }
    }
  }
}
