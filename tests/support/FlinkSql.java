import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/** Runs a file of statements as the SQL client does, in one process: FlinkSql FILE */
public class FlinkSql {
  public static void main(String[] arguments) throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("parallelism.default", "1");
    TableEnvironment table =
        TableEnvironment.create(
            EnvironmentSettings.newInstance()
                .inStreamingMode()
                .withConfiguration(configuration)
                .build());
    String sql = Files.readString(Path.of(arguments[0])).replaceAll("(?m)^--.*$", "");
    int begin = sql.indexOf("EXECUTE STATEMENT SET");
    for (String statement : sql.substring(0, begin).split(";\\s*\\n")) {
      String text = statement.strip();
      if (text.isEmpty()) continue;
      var set = java.util.regex.Pattern.compile("SET '(.*?)' = '(.*?)'").matcher(text);
      if (set.matches()) table.getConfig().set(set.group(1), set.group(2));
      else table.executeSql(text);
    }
    table.executeSql(sql.substring(begin).strip()).await();
  }
}
